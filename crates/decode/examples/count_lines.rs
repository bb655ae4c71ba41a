//! Counts the lines of a log file and lists those that were refused: `cargo run --example count_lines -- FILE`

use std::error::Error;

use sparkify_decode::{EventChunk, LogDecoder};

fn main() -> Result<(), Box<dyn Error>> {
    let path = std::env::args().nth(1).ok_or("which file? give its path")?;
    let bytes = std::fs::read(&path)?;

    // A chunk that is full of rejects ends early: the next one goes on where it ended.
    let mut decoder = LogDecoder::default();
    let (mut at, mut lines, mut plays, mut views, mut rejects) = (0, 0, 0, 0, 0);
    while at < bytes.len() {
        let mut chunk = EventChunk::default();
        at += decoder.decode(&bytes[at..], at as u64, &mut chunk);
        for reject in &chunk.rejects {
            println!("{path}:{}: {}", lines + u64::from(reject.line) + 1, reject.reason);
        }
        lines += u64::from(chunk.lines);
        let plays_here = chunk.is_play.iter().filter(|is_play| **is_play).count();
        plays += plays_here;
        views += chunk.len() - plays_here;
        rejects += chunk.rejects.len();
    }
    println!("{lines} lines: {plays} plays, {views} page views, {rejects} rejected");
    Ok(())
}
