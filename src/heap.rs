//! How the allocator keeps what was freed: a bound on memory is worth nothing if the heap holds on to several times as much.

/// The memory up to which what is freed goes back to the system at once. Above it, what the heap keeps is a small share, and
/// to ask the system for every large piece anew would take more time.
const SMALL: u64 = 1 << 30;
/// The size from which on a piece is the system's own.
const LARGE_PIECE: i32 = 128 << 10;

/// Has a process that may use so many bytes give large pieces of memory back when they are freed.
///
/// glibc does so at first, but from the first one freed on it takes pieces of that size out of its heaps. There the columns
/// of batches and DuckDB's blocks lie between what lives longer, and holes are left that nothing of their size fits into.
pub fn bound(memory: u64) {
    #[cfg(all(target_os = "linux", target_env = "gnu"))]
    if memory <= SMALL {
        // SAFETY: it sets a parameter of the allocator, under its own lock, and takes any size for it.
        unsafe { libc::mallopt(libc::M_MMAP_THRESHOLD, LARGE_PIECE) };
    }
    #[cfg(not(all(target_os = "linux", target_env = "gnu")))]
    let _ = (memory, SMALL, LARGE_PIECE);
}
