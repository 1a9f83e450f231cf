#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

/// Ports of 127.0.0.1 on which nobody is to be found. Those that refuse or are silent are held as long as the test process
/// lives, so that no other test can be given the same port.
package enum Ports {
    /// Connections are refused at once: the port is bound, and nobody listens.
    package static let refusing: Int = bound()?.port ?? 1

    /// Connections are neither accepted nor refused, so that only the client's own limit ends the attempt (Linux): the
    /// queue of the listener is full, and it accepts nothing. Nil where that cannot be had.
    package static let silent: Int? = {
        guard let listener = bound(), listen(listener.socket, 0) == 0 else { return nil }
        // One connection fills a queue of none.
        let filler = openSocket()
        guard filler >= 0, loopback(port: listener.port, { connect(filler, $0, $1) }) == 0 else { return nil }
        return listener.port
    }()

    /// A port that was free a moment ago, for a server that cannot choose one itself.
    package static func free() async throws -> Int {
        let provider = try await ScriptedProvider.start([])
        await provider.stop()
        return provider.port
    }

    private static func bound() -> (socket: Int32, port: Int)? {
        let socket = openSocket()
        guard socket >= 0, loopback(port: 0, { bind(socket, $0, $1) }) == 0 else { return nil }
        var address = sockaddr_in()
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        let named = withUnsafeMutablePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { getsockname(socket, $0, &length) }
        }
        return named == 0 ? (socket, Int(UInt16(bigEndian: address.sin_port))) : nil
    }

    private static func openSocket() -> Int32 {
        #if os(Linux)
            socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        #else
            socket(AF_INET, SOCK_STREAM, 0)
        #endif
    }

    private static func loopback(port: Int, _ call: (UnsafePointer<sockaddr>, socklen_t) -> Int32) -> Int32 {
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = UInt16(port).bigEndian
        address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        return withUnsafePointer(to: address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                call($0, socklen_t(MemoryLayout<sockaddr_in>.size))
            }
        }
    }
}
