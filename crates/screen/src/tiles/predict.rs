//! Prediction of samples from their neighbours: LOCO-I's median edge detector (ITU-T T.87, A.4.1).

/// Writes the three planes of a tile as prediction errors: green, red less green, blue less green.
pub(super) fn write(pixels: &[u32], w: usize, planes: &mut [Vec<u8>; 3], out: &mut Vec<u8>) {
    for plane in planes.iter_mut() {
        plane.clear();
    }
    for &pixel in pixels {
        let [b, g, r, _] = pixel.to_le_bytes();
        planes[0].push(g);
        planes[1].push(r.wrapping_sub(g));
        planes[2].push(b.wrapping_sub(g));
    }
    for plane in planes {
        write_plane(plane, w, out);
    }
}

/// How many samples of the green plane the prediction misses: what the planes cost.
pub(super) fn misses(pixels: &[u32], w: usize) -> usize {
    let green = |at: usize| (pixels[at] >> 8) as u8;
    (0..pixels.len())
        .filter(|&at| {
            let (x, y) = (at % w, at / w);
            let a = if x > 0 { green(at - 1) } else { 0 };
            let b = if y > 0 { green(at - w) } else { 0 };
            let c = if x > 0 && y > 0 { green(at - w - 1) } else { 0 };
            green(at) != median(a, b, c)
        })
        .count()
}

fn write_plane(plane: &[u8], w: usize, out: &mut Vec<u8>) {
    let mut above: &[u8] = &[];
    for line in plane.chunks_exact(w) {
        if above.is_empty() {
            out.push(line[0]);
            out.extend(line.windows(2).map(|pair| pair[1].wrapping_sub(pair[0])));
        } else {
            out.push(line[0].wrapping_sub(above[0]));
            out.extend(
                line.windows(2)
                    .zip(above.windows(2))
                    .map(|(now, up)| now[1].wrapping_sub(median(now[0], up[1], up[0]))),
            );
        }
        above = line;
    }
}

/// Turns the errors of a plane back into samples, in place.
pub(super) fn restore_plane(plane: &mut [u8], w: usize) {
    for at in 0..plane.len() {
        let (x, y) = (at % w, at / w);
        let a = if x > 0 { plane[at - 1] } else { 0 };
        let b = if y > 0 { plane[at - w] } else { 0 };
        let c = if x > 0 && y > 0 { plane[at - w - 1] } else { 0 };
        plane[at] = plane[at].wrapping_add(median(a, b, c));
    }
}

/// The median of left, above, and left + above - above left.
fn median(a: u8, b: u8, c: u8) -> u8 {
    let (low, high) = if a < b { (a, b) } else { (b, a) };
    let plane = i16::from(a) + i16::from(b) - i16::from(c);
    // Between two bytes it is a byte.
    plane.clamp(low.into(), high.into()) as u8
}
