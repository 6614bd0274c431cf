//! Each way of coding alone, on generated pictures of a 1920 × 1080 screen: `cargo bench -p screen`.

#![allow(missing_docs, clippy::unwrap_used, clippy::cast_possible_truncation)]

use criterion::{BatchSize, Criterion, criterion_group, criterion_main};
use screen::{Encoder, EncoderOptions, Frame, Picture, Video, tiles::TileWriter};
use std::hint::black_box;
use wire::stream::Rect;

const W: u16 = 1920;
const H: u16 = 1080;
const ALL: Rect = Rect {
    x: 0,
    y: 0,
    w: W,
    h: H,
};
const TILE: Rect = Rect {
    x: 0,
    y: 0,
    w: 64,
    h: 64,
};

/// Lines of something like grey-scale text, from a line of a long page on.
fn page(top: u32) -> Picture {
    let mut picture = Picture::new(W, H);
    for y in 0..H {
        let row = top + u32::from(y);
        for (x, pixel) in (0u32..).zip(picture.line_mut(y, 0, W)) {
            let ink = row % 20 < 13 && ((x / 9) ^ (row / 20)).wrapping_mul(2_654_435_761) >> 29 > 2;
            let shade = (x.wrapping_mul(31) ^ row.wrapping_mul(17)) % 6 * 40;
            *pixel = if ink {
                shade * 0x0001_0101
            } else {
                0x00ff_ffff
            };
        }
    }
    picture
}

/// Soft colours that move: what a camera would give.
fn film(step: u32) -> Picture {
    let mut picture = Picture::new(W, H);
    for y in 0..H {
        for (x, pixel) in (0u32..).zip(picture.line_mut(y, 0, W)) {
            let level = |a: u32, b: u32| ((x * a + u32::from(y) * b + step * 7) / 16) % 256;
            *pixel = level(3, 5) << 16 | level(7, 2) << 8 | level(1, 9);
        }
    }
    picture
}

fn tile(picture: &Picture) -> Vec<u32> {
    (0..64)
        .flat_map(|y| picture.pixels()[y * usize::from(W)..][..64].to_vec())
        .collect()
}

fn tiles(c: &mut Criterion) {
    let mut group = c.benchmark_group("tile 64x64");
    let contents = [
        ("solid", vec![7; 4096]),
        ("text", tile(&page(0))),
        ("film", tile(&film(0))),
    ];
    for (name, pixels) in contents {
        let mut writer = TileWriter::new().unwrap();
        group.bench_function(name, |b| {
            b.iter(|| {
                writer.pixels(TILE, black_box(&pixels));
                writer.finish()
            });
        });
    }
    group.finish();
}

fn frames(c: &mut Criterion) {
    let mut group = c.benchmark_group("frame 1920x1080");
    group.sample_size(20);
    let (first, second, other) = (page(0), page(16), film(0));
    for (name, from, to) in [
        ("first, text", None, &first),
        ("first, film", None, &other),
        ("nothing changed", Some(&first), &first),
        ("scrolled by 16", Some(&first), &second),
        ("all changed", Some(&first), &other),
    ] {
        group.bench_function(name, |b| {
            b.iter_batched(
                || {
                    let mut encoder = Encoder::new(EncoderOptions { h264: true }).unwrap();
                    if let Some(from) = from {
                        encoder.encode(&frame(from), &[ALL], 0, &mut Vec::new());
                    }
                    encoder
                },
                |mut encoder| {
                    let mut out = Vec::new();
                    encoder.encode(&frame(to), &[ALL], 50_000, &mut out);
                    (encoder, out)
                },
                BatchSize::PerIteration,
            );
        });
    }
    group.finish();
}

fn video(c: &mut Criterion) {
    let mut group = c.benchmark_group("video");
    group.sample_size(20);
    let films: Vec<Picture> = (0..8).map(film).collect();
    for (name, w, h) in [
        ("640x360", 640, 360),
        ("1280x720", 1280, 720),
        ("1920x1080", W, H),
    ] {
        let mut video = Video::new(Rect { x: 0, y: 0, w, h }, None).unwrap();
        let mut step = 0;
        group.bench_function(name, |b| {
            b.iter(|| {
                step += 1;
                video.encode(&frame(&films[step % films.len()])).unwrap()
            });
        });
    }
    group.finish();
}

fn frame(picture: &Picture) -> Frame<'_> {
    picture.frame().unwrap()
}

criterion_group!(benches, tiles, frames, video);
criterion_main!(benches);
