#![allow(clippy::unwrap_used)]

use super::*;
use crate::Canvas;
use openh264::{decoder::Decoder, formats::YUVSource as _};
use proptest::prelude::*;

const W: u16 = 500;
const H: u16 = 300;
const ALL: Rect = Rect {
    x: 0,
    y: 0,
    w: W,
    h: H,
};

/// An encoder and the client at its other end; acknowledges at once.
struct Session {
    encoder: Encoder,
    canvas: Canvas,
    now_us: u64,
    videos: Vec<crate::VideoPiece>,
}

impl Session {
    fn new(h264: bool) -> Self {
        Self {
            encoder: Encoder::new(EncoderOptions { h264 }).unwrap(),
            canvas: Canvas::new(),
            now_us: 1_000_000,
            videos: Vec::new(),
        }
    }

    /// Shows a picture after a time; returns the bytes it took.
    fn show(&mut self, picture: &Picture, after_us: u64) -> usize {
        self.now_us += after_us;
        let mut out = Vec::new();
        let frame = picture.frame().unwrap();
        let any = self.encoder.encode(&frame, &[ALL], self.now_us, &mut out);
        assert_eq!(any, !out.is_empty());
        for message in &out {
            self.videos.extend(self.canvas.apply(message).unwrap());
        }
        if let Some(seq) = self.canvas.complete {
            self.encoder.acknowledged(seq, 0, 0, self.now_us + 2000);
        }
        out.iter().map(Vec::len).sum()
    }
}

/// Content of many colours that no other seed has.
fn noise(picture: &mut Picture, rect: Rect, seed: u32) {
    let mut state = seed | 1;
    for y in rect.y..rect.y + rect.h {
        for pixel in picture.line_mut(y, rect.x, rect.w) {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            *pixel = state >> 8;
        }
    }
}

/// A smooth picture that moves with `step`: what a camera would give.
fn film(picture: &mut Picture, rect: Rect, step: u32) {
    for y in rect.y..rect.y + rect.h {
        for (x, pixel) in (0u32..).zip(picture.line_mut(y, rect.x, rect.w)) {
            // Three waves of different speeds: no part of the picture is a part of the one before.
            let wave = |speed: f32| {
                let phase = f32::from(y) / 23.0 + x as f32 / 31.0 + step as f32 * speed;
                phase.sin().mul_add(90.0, 120.0)
            };
            *pixel = u32::from_le_bytes([wave(0.1) as u8, wave(-0.2) as u8, wave(0.3) as u8, 0]);
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]
    #[test]
    fn whatever_is_painted_the_client_shows_the_same(
        steps in proptest::collection::vec((0u16..W - 1, 0u16..H - 1, 1u16..300, 1u16..200, any::<u32>(), 0u8..5, 0u64..900_000), 1..25)
    ) {
        let mut session = Session::new(false);
        let mut picture = Picture::new(W, H);
        for (x, y, w, h, seed, what, after_us) in steps {
            let rect = Rect { x, y, w: w.min(W - x), h: h.min(H - y) };
            match what {
                0 => noise(&mut picture, rect, seed),
                1 => film(&mut picture, rect, seed % 9),
                2 => (rect.y..rect.y + rect.h).for_each(|y| picture.line_mut(y, rect.x, rect.w).fill(seed & 0xff_ffff)),
                3 => picture.copy(rect, (seed % u32::from(W - rect.w + 1)) as u16, ((seed >> 8) % u32::from(H - rect.h + 1)) as u16),
                _ => session.encoder.refresh(),
            }
            session.show(&picture, after_us);
            prop_assert!(session.canvas.picture == picture);
        }
    }
}

#[test]
fn the_same_pixels_again_are_no_frame() {
    let mut session = Session::new(true);
    let mut picture = Picture::new(W, H);
    noise(&mut picture, ALL, 5);
    assert!(session.show(&picture, 0) > 400_000);
    assert_eq!(session.show(&picture, 100_000), 0);
    assert_eq!(session.show(&picture, 3_000_000), 0);
}

#[test]
fn a_menu_that_closes_uncovers_what_was_there_for_a_few_bytes() {
    let mut session = Session::new(true);
    let mut before = Picture::new(W, H);
    noise(&mut before, ALL, 5);
    session.show(&before, 0);
    let mut menu = before.clone();
    noise(
        &mut menu,
        Rect {
            x: 90,
            y: 30,
            w: 200,
            h: 240,
        },
        6,
    );
    assert!(session.show(&menu, 2_000_000) > 100_000);
    let closed = session.show(&before, 100_000);
    assert!(
        closed < 600,
        "{closed} bytes to uncover what the client has kept"
    );
    assert!(session.canvas.picture == before);
}

#[test]
fn a_scroll_costs_a_copy_and_the_new_lines() {
    let mut session = Session::new(true);
    let mut long = Picture::new(W, 2 * H);
    noise(&mut long, Rect { h: 2 * H, ..ALL }, 5);
    let part = |top: u16| {
        let mut picture = Picture::new(W, H);
        for y in 0..H {
            picture
                .line_mut(y, 0, W)
                .copy_from_slice(long.line(top + y, 0, W));
        }
        picture
    };
    let whole = session.show(&part(0), 0);
    for top in [12, 24, 36, 48] {
        let bytes = session.show(&part(top), 33_000);
        assert!(bytes < whole / 10, "{bytes} of {whole}");
        assert!(session.canvas.picture == part(top));
    }
}

#[test]
fn what_keeps_moving_becomes_video_near_the_truth_and_exact_when_it_stops() {
    let mut session = Session::new(true);
    let mut picture = Picture::new(W, H);
    let screen = Rect {
        x: 64,
        y: 64,
        w: 384,
        h: 192,
    };
    let mut decoder = Decoder::new().unwrap();
    let mut worst = 0.0f32;
    let mut last = 0;
    for step in 0..40 {
        film(&mut picture, screen, step);
        last = session.show(&picture, 33_000);
        for piece in session.videos.drain(..) {
            assert_eq!(piece.dst, screen);
            assert!(!piece.more);
            let Some(yuv) = decoder.decode(&piece.data).unwrap() else {
                continue;
            };
            assert_eq!(yuv.dimensions(), (384, 192), "cropped to the region");
            worst = worst.max(luma_error(&yuv, &picture, screen));
        }
    }
    assert!(worst > 0.0, "it became video");
    assert!(worst < 8.0, "mean error of luma {worst}");
    assert!(last < 40_000, "{last} bytes a frame");
    // It stands still.
    for _ in 0..4 {
        session.show(&picture, 300_000);
    }
    assert!(session.canvas.picture == picture, "refined without loss");
    assert!(
        session.encoder.wake_at_us(false).is_none(),
        "and nothing more to do"
    );
}

/// Mean distance of brightness (BT.709, full range).
fn luma_error(yuv: &impl openh264::formats::YUVSource, picture: &Picture, rect: Rect) -> f32 {
    let (stride, _, _) = yuv.strides();
    let mut sum = 0.0;
    for y in 0..rect.h {
        for (x, pixel) in picture.line(rect.y + y, rect.x, rect.w).iter().enumerate() {
            let [b, g, r, _] = pixel.to_le_bytes().map(f32::from);
            let truth = 0.2126f32.mul_add(r, 0.7152f32.mul_add(g, 0.0722 * b));
            sum += (truth - f32::from(yuv.y()[usize::from(y) * stride + x])).abs();
        }
    }
    sum / rect.area() as f32
}

#[test]
fn without_h264_nothing_is_video() {
    let mut session = Session::new(false);
    let mut picture = Picture::new(W, H);
    for step in 0..20 {
        film(&mut picture, ALL, step);
        session.show(&picture, 33_000);
        assert!(session.canvas.picture == picture);
    }
    assert!(session.videos.is_empty());
}
