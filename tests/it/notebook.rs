//! The notebook: it runs from top to bottom, and is kept without outputs.

use serde_json::Value;

use crate::clients::python;
use crate::support::warehouse::Site;
use crate::support::{made_up, real_data, repository};

/// Runs all cells and prints how many there were and how many pictures came out.
const RUN: &str = "
import os, sys
import nbformat
from nbclient import NotebookClient
os.environ['SPARKIFY_WAREHOUSE'] = sys.argv[2]
notebook = nbformat.read(sys.argv[1], as_version=4)
nbformat.validate(notebook)
NotebookClient(notebook, timeout=120, kernel_name='python3').execute()
cells = [cell for cell in notebook.cells if cell.cell_type == 'code']
outputs = [output for cell in cells for output in cell.outputs]
pictures = sum('image/png' in output.get('data', {}) for output in outputs)
complaints = [output.text for output in outputs if output.get('name') == 'stderr']
print(len(cells), pictures, complaints)
";

fn notebook() -> std::path::PathBuf {
    repository().join("notebooks/analytics.ipynb")
}

fn run(site: &Site) {
    let (path, warehouse) = (notebook(), site.path("w.duckdb"));
    let arguments = [path.to_str().unwrap(), warehouse.to_str().unwrap()];
    let Some(output) = python("the notebook", RUN, &arguments) else { return };
    assert_eq!(output.trim(), "9 6 []");
}

#[test]
fn the_notebook_runs_on_made_up_data() {
    let site = Site::new();
    site.put("log_data/1.json", made_up::weeks());
    site.load(&[]).expect(0);
    run(&site);
}

#[test]
fn the_notebook_runs_on_the_real_data() {
    let Some(folder) = real_data() else { return };
    let site = Site::new();
    let (logs, songs) = (folder.join("log_data"), folder.join("song_data"));
    let arguments = ["load", "--warehouse", "w.duckdb", "--logs", logs.to_str().unwrap(), "--songs", songs.to_str().unwrap()];
    site.run(&arguments).expect(0);
    run(&site);
}

#[test]
fn the_notebook_is_kept_without_outputs() {
    let text = std::fs::read_to_string(notebook()).unwrap();
    let notebook: Value = serde_json::from_str(&text).unwrap();
    for cell in notebook["cells"].as_array().unwrap().iter().filter(|cell| cell["cell_type"] == "code") {
        assert_eq!((&cell["outputs"], &cell["execution_count"]), (&Value::Array(Vec::new()), &Value::Null), "{cell}");
    }
}
