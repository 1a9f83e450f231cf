import HummingbirdCore
import Hummingbird
import NIOCore
import ServiceLifecycle
#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#elseif canImport(Darwin)
import Darwin
#endif

/// What can go wrong with a connection on purpose. Each throws in the end, so that nothing more is written to it.
enum Mishap {
    struct Happened: Error {}

    /// Says nothing until the client leaves or the server stops.
    static func silence(on channel: any Channel) async throws -> Never {
        try await gracefulShutdown()
        try await cut(channel)
    }

    /// Closes the connection; what was written before still arrives.
    static func cut(_ channel: any Channel) async throws -> Never {
        try await channel.close()
        throw Happened()
    }

    /// Resets the connection: with a linger time of zero the kernel sends RST in place of FIN.
    static func reset(_ channel: any Channel) async throws -> Never {
        if let socket = channel as? any SocketOptionProvider {
            try await socket.setSoLinger(linger(l_onoff: 1, l_linger: 0)).get()
        }
        try await cut(channel)
    }
}
