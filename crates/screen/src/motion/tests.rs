use super::*;

/// Something like lines of text: no line like another.
fn page(w: u16, h: u16, offset: i32) -> Picture {
    let mut picture = Picture::new(w, h);
    for y in 0..h {
        for (x, pixel) in (0u32..).zip(picture.line_mut(y, 0, w)) {
            let row = i32::from(y) + offset;
            let ink = row.rem_euclid(18) < 12
                && (x ^ row.unsigned_abs().wrapping_mul(2_654_435_761))
                    .wrapping_mul(x + 7)
                    .is_multiple_of(5);
            *pixel = if ink { 0x20_2020 } else { 0xff_ffff };
        }
    }
    picture
}

fn applied(old: &Picture, moves: &[Move]) -> Picture {
    let mut picture = old.clone();
    for m in moves {
        picture.copy(m.src, m.x, m.y);
    }
    picture
}

fn wrong(a: &Picture, b: &Picture) -> usize {
    a.pixels()
        .iter()
        .zip(b.pixels())
        .filter(|(a, b)| a != b)
        .count()
}

#[test]
fn a_scroll_up_leaves_only_the_new_lines() {
    let (old, new) = (page(640, 480, 0), page(640, 480, 37));
    let area = Rect {
        x: 0,
        y: 0,
        w: 640,
        h: 480,
    };
    let Found { vector, moves, .. } = find(&old, &new.frame().unwrap(), area, None).unwrap();
    assert_eq!(vector, (0, -37));
    let left = wrong(&applied(&old, &moves), &new);
    assert!(left <= 640 * 37, "{left} pixels are left");
}

#[test]
fn a_dragged_window_is_moved_and_what_it_uncovers_is_not() {
    let mut old = Picture::new(800, 600);
    let window = page(300, 200, 5);
    let mut new = old.clone();
    for y in 0..200 {
        old.line_mut(100 + y, 100, 300)
            .copy_from_slice(window.line(y, 0, 300));
        new.line_mut(111 + y, 123, 300)
            .copy_from_slice(window.line(y, 0, 300));
    }
    let area = Rect {
        x: 100,
        y: 100,
        w: 323,
        h: 211,
    };
    let Found { vector, moves, .. } = find(&old, &new.frame().unwrap(), area, None).unwrap();
    assert_eq!(vector, (23, 11));
    let left = wrong(&applied(&old, &moves), &new);
    let uncovered = 300 * 200 - 277 * 189;
    assert!(
        left <= uncovered + 1000,
        "{left} pixels are left of {uncovered} uncovered"
    );
}

#[test]
fn other_content_is_no_movement() {
    let old = page(640, 480, 0);
    let mut new = old.clone();
    for (i, pixel) in (0u32..).zip(new.line_mut(100, 0, 640)) {
        *pixel = i.wrapping_mul(2_654_435_761) & RGB;
    }
    let area = Rect {
        x: 0,
        y: 90,
        w: 640,
        h: 20,
    };
    assert!(find(&old, &new.frame().unwrap(), area, None).is_none());
}
