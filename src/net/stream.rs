//! A plain connection to a host, with TLS or without, for what is no HTTP.

use std::io;
use std::io::Write;
use std::net::TcpStream;
use std::net::ToSocketAddrs as _;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use rustls::ClientConfig;
use rustls::ClientConnection;
use rustls::StreamOwned;
use rustls::pki_types::ServerName;

use super::ClientError;
use super::ClientSettings;
use super::Trust;
use super::trust;

/// How long it may take to connect to one address, and how long one write may.
const PATIENCE: Duration = Duration::from_secs(5);

/// Where to connect to.
#[derive(Debug, Clone)]
pub struct StreamSettings {
    /// The name or address of the host.
    pub host: String,
    /// Its port.
    pub port: u16,
    /// How it is encrypted, if it is.
    pub tls: Option<StreamTls>,
}

/// Whom a connection trusts.
#[derive(Debug, Clone)]
pub struct StreamTls(Arc<ClientConfig>);

impl StreamTls {
    /// Trusts these authorities, and those of a PEM file besides.
    pub fn new(trust: Trust, ca_file: Option<PathBuf>) -> Result<Self, ClientError> {
        let mut config = trust::tls(&ClientSettings { trust, ca_file, ..ClientSettings::default() })?;
        // It is no HTTP.
        config.alpn_protocols.clear();
        Ok(Self(Arc::new(config)))
    }
}

/// A connection.
#[derive(Debug)]
pub enum Stream {
    /// In the clear.
    Plain(TcpStream),
    /// Over TLS.
    Tls(Box<StreamOwned<ClientConnection, TcpStream>>),
}

impl Stream {
    /// Connects to the first address of the host that answers.
    pub fn connect(settings: &StreamSettings) -> io::Result<Self> {
        let StreamSettings { host, port, tls } = settings;
        let mut last = io::Error::new(io::ErrorKind::NotFound, "the host has no address");
        for address in (host.as_str(), *port).to_socket_addrs()? {
            match TcpStream::connect_timeout(&address, PATIENCE) {
                Ok(stream) => return Self::over(stream, host, tls.as_ref()),
                Err(error) => last = error,
            }
        }
        Err(last)
    }

    fn over(stream: TcpStream, host: &str, tls: Option<&StreamTls>) -> io::Result<Self> {
        stream.set_write_timeout(Some(PATIENCE))?;
        stream.set_read_timeout(Some(PATIENCE))?;
        stream.set_nodelay(true)?;
        let Some(StreamTls(config)) = tls else { return Ok(Self::Plain(stream)) };
        let name = ServerName::try_from(host.to_owned()).map_err(io::Error::other)?;
        let connection = ClientConnection::new(Arc::clone(config), name).map_err(io::Error::other)?;
        let mut stream = StreamOwned::new(connection, stream);
        while stream.conn.is_handshaking() {
            stream.conn.complete_io(&mut stream.sock)?;
        }
        Ok(Self::Tls(Box::new(stream)))
    }

    /// Whether the other side has gone: it says nothing otherwise, and what is written to it then is lost.
    pub fn is_closed(&self) -> bool {
        let socket = match self {
            Self::Plain(stream) => stream,
            Self::Tls(stream) => &stream.sock,
        };
        if socket.set_nonblocking(true).is_err() {
            return true;
        }
        let peeked = socket.peek(&mut [0]);
        let closed = match peeked {
            Ok(read) => read == 0,
            Err(error) => error.kind() != io::ErrorKind::WouldBlock,
        };
        closed || socket.set_nonblocking(false).is_err()
    }
}

impl Write for Stream {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match self {
            Self::Plain(stream) => stream.write(bytes),
            Self::Tls(stream) => stream.write(bytes),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        match self {
            Self::Plain(stream) => stream.flush(),
            Self::Tls(stream) => stream.flush(),
        }
    }
}
