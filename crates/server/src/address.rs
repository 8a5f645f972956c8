//! Where a request comes from: the peer of its connection, or what proxies that the operator trusts say.

use std::net::{IpAddr, Ipv6Addr, SocketAddr};

use axum::http::{HeaderMap, HeaderName};
use ipnet::IpNet;

/// Where each proxy writes whom it speaks for, the nearest one last.
const X_FORWARDED_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");

/// The address of whoever sent a request; in the extensions of every request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct ClientAddress(pub(crate) IpAddr);

impl ClientAddress {
    /// The client that `peer` sends a request for. Only trusted proxies are believed, from the nearest to
    /// the farthest: what stands left of the first other address anybody may have written.
    pub(crate) fn of(peer: IpAddr, headers: &HeaderMap, proxies: &[IpNet]) -> ClientAddress {
        let mut client = peer.to_canonical();
        let values = headers.get_all(X_FORWARDED_FOR).iter();
        let lines: Vec<&str> = values.map(|value| value.to_str().unwrap_or_default()).collect();
        let mut hops = lines.iter().rev().flat_map(|line| line.rsplit(',')).map(hop);
        while is_among(proxies, client) {
            // A trusted proxy that names nobody, or writes what is no address, speaks for itself.
            let Some(Some(next)) = hops.next() else { break };
            client = next;
        }
        ClientAddress(client)
    }
}

/// True if one of the networks holds the address.
pub(crate) fn is_among(networks: &[IpNet], address: IpAddr) -> bool {
    networks.iter().any(|network| network.contains(&address))
}

/// What limits count as one client: an address, or the network of 64 bits that one holder of IPv6 has.
pub(crate) fn holder(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(address) => {
            let [a, b, c, d, ..] = address.segments();
            IpAddr::V6(Ipv6Addr::new(a, b, c, d, 0, 0, 0, 0))
        }
        v4 => v4,
    }
}

/// An address as proxies write it: alone, with a port, or in brackets.
fn hop(text: &str) -> Option<IpAddr> {
    let text = text.trim();
    let bare = text.strip_prefix('[').and_then(|text| text.strip_suffix(']')).unwrap_or(text);
    let with_port = || text.parse::<SocketAddr>().map(|address| address.ip());
    bare.parse::<IpAddr>().or_else(|_| with_port()).ok().map(|address| address.to_canonical())
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderValue;

    use super::*;

    fn client(peer: &str, lines: &[&[u8]]) -> String {
        let proxies = ["10.0.0.0/8", "fd00::/8", "127.0.0.1/32"].map(|network| network.parse().unwrap());
        let mut headers = HeaderMap::new();
        for line in lines {
            headers.append(X_FORWARDED_FOR, HeaderValue::from_bytes(line).unwrap());
        }
        ClientAddress::of(peer.parse().unwrap(), &headers, &proxies).0.to_string()
    }

    #[test]
    fn only_trusted_proxies_are_believed() {
        assert_eq!(client("203.0.113.9", &[b"198.51.100.1"]), "203.0.113.9");
        assert_eq!(client("127.0.0.1", &[b"198.51.100.1"]), "198.51.100.1");
        assert_eq!(client("::ffff:10.1.2.3", &[b"198.51.100.1"]), "198.51.100.1");
        assert_eq!(client("10.1.2.3", &[]), "10.1.2.3");
    }

    #[test]
    fn a_chain_is_read_from_the_right_as_far_as_it_is_trusted() {
        assert_eq!(client("10.0.0.1", &[b"1.1.1.1, 198.51.100.1, 10.0.0.2,10.0.0.3"]), "198.51.100.1");
        assert_eq!(client("10.0.0.1", &[b"1.1.1.1", b"198.51.100.1", b"10.0.0.2"]), "198.51.100.1");
        assert_eq!(client("10.0.0.1", &[b"10.0.0.5, 10.0.0.4"]), "10.0.0.5");
        assert_eq!(client("fd00::1", &[b"[2001:db8::7]:443, fd00::2"]), "2001:db8::7");
        assert_eq!(client("10.0.0.1", &[b"198.51.100.1:1234"]), "198.51.100.1");
    }

    #[test]
    fn what_is_no_address_ends_the_chain() {
        for garbage in [&b"unknown"[..], b"", b" , ", b"198.51.100.1; x", b"\xff", b"1.2.3", b"999.1.1.1"] {
            assert_eq!(client("10.0.0.1", &[garbage]), "10.0.0.1", "{garbage:?}");
            let line = [b"198.51.100.1, ", garbage, b", 10.0.0.2"].concat();
            let nearest = if garbage == b"\xff" { "10.0.0.1" } else { "10.0.0.2" };
            assert_eq!(client("10.0.0.1", &[&line]), nearest, "{garbage:?}");
        }
    }

    #[test]
    fn a_holder_of_ipv6_counts_as_one() {
        let holder = |text: &str| holder(text.parse().unwrap()).to_string();
        assert_eq!(holder("2001:db8:1:2:3:4:5:6"), "2001:db8:1:2::");
        assert_eq!(holder("::ffff:192.0.2.1"), "192.0.2.1");
    }
}
