//! Frames cut into messages, so that nothing waits long behind pixels.

use wire::stream::{FrameHeader, FrameOp, FramePart, HostMessage, Rect};

/// A part is closed when it holds this many bytes.
const PART_LEN: usize = 48 * 1024;

/// One change of the picture, with its bytes.
#[derive(Debug)]
pub(crate) enum Op {
    Size {
        w: u16,
        h: u16,
    },
    Copy {
        src: Rect,
        x: u16,
        y: u16,
    },
    Tiles(Vec<u8>),
    Video {
        stream: u8,
        key: bool,
        dst: Rect,
        data: Vec<u8>,
    },
    VideoEnd {
        stream: u8,
    },
}

/// Writes the operations as messages. Returns how many bytes they take.
pub(crate) fn messages(seq: u32, captured_at_us: u64, ops: &[Op], out: &mut Vec<Vec<u8>>) -> usize {
    let mut pieces: Vec<FrameOp<'_>> = Vec::new();
    for op in ops {
        match op {
            Op::Size { w, h } => pieces.push(FrameOp::Size { w: *w, h: *h }),
            Op::Copy { src, x, y } => pieces.push(FrameOp::Copy {
                src: *src,
                x: *x,
                y: *y,
            }),
            Op::Tiles(payload) => pieces.push(FrameOp::Tiles(payload)),
            Op::VideoEnd { stream } => pieces.push(FrameOp::VideoEnd { stream: *stream }),
            Op::Video {
                stream,
                key,
                dst,
                data,
            } => {
                let count = data.len().div_ceil(PART_LEN);
                pieces.extend(
                    data.chunks(PART_LEN)
                        .enumerate()
                        .map(|(at, data)| FrameOp::Video {
                            stream: *stream,
                            key: *key,
                            more: at + 1 < count,
                            dst: *dst,
                            data,
                        }),
                );
            }
        }
    }
    let mut total = 0;
    let mut rest = pieces.as_slice();
    let mut first = true;
    while first || !rest.is_empty() {
        let (now, later) = rest.split_at(fitting(rest));
        rest = later;
        let header = FrameHeader {
            seq,
            first,
            last: rest.is_empty(),
            captured_at_us,
        };
        let part = FramePart {
            header,
            ops: now.to_vec(),
        };
        let message = HostMessage::Frame(part).encode();
        total += message.len();
        out.push(message);
        first = false;
    }
    total
}

/// How many operations go into the next part: as many as fit, and at least one.
fn fitting(ops: &[FrameOp<'_>]) -> usize {
    let mut len = 0;
    let over = ops.iter().position(|op| {
        len += op.encoded_len();
        len > PART_LEN
    });
    over.map_or(ops.len(), |at| at.max(1))
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use wire::stream::MAX_HOST_LEN;

    #[test]
    fn a_large_picture_travels_in_parts_that_each_fit() {
        let dst = Rect {
            x: 0,
            y: 0,
            w: 2,
            h: 2,
        };
        let ops = [
            Op::Tiles(vec![1; 190_000]),
            Op::Video {
                stream: 0,
                key: true,
                dst,
                data: vec![2; 150_000],
            },
            Op::Tiles(vec![3; 10]),
        ];
        let mut out = Vec::new();
        messages(7, 1, &ops, &mut out);
        let mut video = 0;
        for (at, message) in out.iter().enumerate() {
            assert!(message.len() < MAX_HOST_LEN);
            let HostMessage::Frame(part) = HostMessage::decode(message).unwrap() else {
                panic!("not a frame");
            };
            assert_eq!(part.header.first, at == 0);
            assert_eq!(part.header.last, at + 1 == out.len());
            for op in part.ops {
                if let FrameOp::Video { data, more, .. } = op {
                    video += data.len();
                    assert_eq!(more, video < 150_000);
                }
            }
        }
        assert_eq!(video, 150_000);
    }
}
