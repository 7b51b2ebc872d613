//! HTTP/1.1 as far as it is needed, and wrong on purpose where that is asked for.

use flate2::Compression;
use flate2::write::GzEncoder;
use std::io::{self, BufRead, BufReader, Read, Write};
use std::time::Duration;

/// Longest request that is read.
const MAX_REQUEST_BYTES: u64 = 64 << 10;

/// A request as it came.
#[derive(Debug, Default)]
pub(crate) struct Incoming {
    pub(crate) method: String,
    pub(crate) target: String,
    pub(crate) authorization: Option<String>,
    pub(crate) takes_gzip: bool,
    pub(crate) body: String,
}

/// How a body is sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) enum Manner {
    #[default]
    Whole,
    /// Half of it, then the connection is closed.
    Half,
    /// In pieces, with pauses.
    Slow,
    /// Half of it, then nothing until the client has had enough.
    Stall,
}

/// A response.
#[derive(Debug, Default)]
pub(crate) struct Reply {
    pub(crate) status: u16,
    pub(crate) content_type: Option<&'static str>,
    pub(crate) headers: Vec<(&'static str, String)>,
    pub(crate) body: Vec<u8>,
    pub(crate) gzip: bool,
    pub(crate) manner: Manner,
}

impl Reply {
    pub(crate) fn json(status: u16, body: impl Into<Vec<u8>>) -> Self {
        Self { status, content_type: Some("application/json; charset=utf-8"), body: body.into(), ..Self::default() }
    }
}

pub(crate) fn read(stream: &mut impl Read) -> io::Result<Option<Incoming>> {
    let mut reader = BufReader::new(stream.take(MAX_REQUEST_BYTES));
    let mut line = String::new();
    reader.read_line(&mut line)?;
    let mut parts = line.split_whitespace();
    let (Some(method), Some(target)) = (parts.next(), parts.next()) else { return Ok(None) };
    let mut incoming = Incoming { method: method.to_owned(), target: target.to_owned(), ..Incoming::default() };
    let mut length = 0;
    loop {
        line.clear();
        reader.read_line(&mut line)?;
        let Some((name, value)) = line.trim().split_once(':') else { break };
        let value = value.trim();
        match name.to_ascii_lowercase().as_str() {
            "authorization" => incoming.authorization = Some(value.to_owned()),
            "accept-encoding" => incoming.takes_gzip = value.contains("gzip"),
            "content-length" => length = value.parse().unwrap_or(0),
            _ => {}
        }
    }
    let mut body = vec![0; usize::min(length, MAX_REQUEST_BYTES as usize)];
    reader.read_exact(&mut body)?;
    incoming.body = String::from_utf8_lossy(&body).into_owned();
    Ok(Some(incoming))
}

pub(crate) fn write(stream: &mut (impl Read + Write), reply: Reply) -> io::Result<()> {
    let body = if reply.gzip {
        let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
        encoder.write_all(&reply.body)?;
        encoder.finish()?
    } else {
        reply.body
    };
    let mut head = format!("HTTP/1.1 {} {}\r\n", reply.status, reason(reply.status));
    if let Some(kind) = reply.content_type {
        head.push_str(&format!("Content-Type: {kind}\r\n"));
    }
    if reply.gzip {
        head.push_str("Content-Encoding: gzip\r\n");
    }
    for (name, value) in &reply.headers {
        head.push_str(&format!("{name}: {value}\r\n"));
    }
    head.push_str(&format!("Content-Length: {}\r\nConnection: close\r\n\r\n", body.len()));
    stream.write_all(head.as_bytes())?;
    match reply.manner {
        Manner::Whole => stream.write_all(&body)?,
        Manner::Half => stream.write_all(&body[..body.len() / 2])?,
        Manner::Slow => {
            for piece in body.chunks(body.len().div_ceil(5).max(1)) {
                stream.write_all(piece)?;
                stream.flush()?;
                std::thread::sleep(Duration::from_millis(5));
            }
        }
        Manner::Stall => {
            stream.write_all(&body[..body.len() / 2])?;
            stream.flush()?;
            // Until the client closes; it sends nothing more.
            let _ = stream.read(&mut [0]);
        }
    }
    stream.flush()
}

fn reason(status: u16) -> &'static str {
    match status {
        200 => "OK",
        302 => "Found",
        400 => "Bad Request",
        401 => "Unauthorized",
        404 => "Not Found",
        429 => "Too Many Requests",
        500 => "Internal Server Error",
        502 => "Bad Gateway",
        503 => "Service Unavailable",
        _ => "Status",
    }
}
