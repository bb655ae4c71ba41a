-- Makes room for another window.
delete from heard;
