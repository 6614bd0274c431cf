//! Files of people, as an administrator's spreadsheet wrote them: read or refused, on lines that the file has, and what is
//! read is read again as it was written.
#![no_main]

use libfuzzer_sys::fuzz_target;

#[path = "../../crates/server/src/identity/register/table.rs"]
mod table;

const MOST: usize = 1000;

fuzz_target!(init: fuzz::seed(seeds()), |data: &[u8]| {
    let Ok((text, _)) = table::decode(data) else { return };
    let Ok(records) = table::records(&text, MOST) else { return };
    assert!(records.len() <= MOST);
    let breaks = text.matches(['\n', '\r']).count() as u64;
    let mut last = 0;
    let mut again = String::new();
    for record in &records {
        assert!(last < record.line && record.line <= breaks + 1);
        last = record.line;
        let cells: Vec<&str> = record.cells.iter().map(String::as_str).collect();
        again.push_str(&table::line(&cells));
    }
    let reread = table::records(&again, MOST).expect("what was written can be read");
    for (old, new) in records.iter().zip(&reread) {
        let plain: Vec<&str> = new.cells.iter().map(|cell| table::unguarded(cell)).collect();
        assert_eq!(plain, old.cells);
    }
    assert_eq!(records.len(), reread.len());
});

/// A file in each encoding, with all that is special.
fn seeds() -> [Vec<u8>; 3] {
    let text = "名前,メールアドレス\r\n\"佐藤\r\n花子\",'=a@x.example\r\r\n\"a,\"\"b\"\"\",\n";
    let bom = ["\u{feff}", text].concat().into_bytes();
    let excel = b"\x96\xbc\x91\x4f,\xfb\xfc\x8b\xb4\r\n".to_vec();
    [text.as_bytes().to_vec(), bom, excel]
}
