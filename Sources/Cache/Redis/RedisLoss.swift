import Core
import Glibc
import NIOCore
import NIOPosix
import NIOSSL

/// Why there is no connection.
struct RedisLoss: Error, Sendable, Equatable {
    /// A sentence or two, with the mend where there is one.
    let words: String
    /// Whether only a person can make the next attempt succeed.
    var needsMend = false
    /// Whether the other side ended it without a word.
    var isHangUp = false

    static func closed(_ address: RedisAddress) -> RedisLoss { RedisLoss(words: "\(address) closed the connection.", isHangUp: true) }

    static func silent(for time: Duration, address: RedisAddress) -> RedisLoss {
        RedisLoss(words: "\(address) did not answer for \(time.formatted).")
    }

    static func unintelligible(_ message: String, from address: RedisAddress) -> RedisLoss {
        RedisLoss(words: "\(address) sent what no Redis sends (\(message)). Check host and port.")
    }

    static let stopped = RedisLoss(words: "The connection to Redis was ended here.")
}

extension RedisLoss {
    /// What went wrong below the protocol.
    init(_ error: any Error, address: RedisAddress) {
        switch error {
        case let error as RedisLoss: self = error
        case is CancellationError: self = .stopped
        case let error as NIOConnectionError: self = Self.unreachable(error, address)
        case NIOSSLError.uncleanShutdown: self = .closed(address)
        case is NIOSSLError, is BoringSSLError:
            self.init(
                words: "TLS with \(address) failed: \("\(error)".prefix(300)). Where its certificate is signed by an authority of "
                    + "your own, name that by ?tls_ca_file=; where it speaks no TLS, begin the URL with redis://.")
        case is IOError: self.init(words: "The connection to \(address) broke (\("\(error)".prefix(200))).", isHangUp: true)
        default: self.init(words: "\(address) cannot be reached (\("\(error)".prefix(200))).")
        }
    }

    private static func unreachable(_ error: NIOConnectionError, _ address: RedisAddress) -> RedisLoss {
        guard let first = error.connectionErrors.first?.error else {
            return RedisLoss(words: "The host of \(address) is not known. Check the name, or its DNS.")
        }
        if case ChannelError.connectTimeout(let limit) = first {
            let limit = Duration.nanoseconds(limit.nanoseconds).formatted
            return RedisLoss(words: "\(address) accepted no connection within \(limit). Check the address, and the firewall.")
        }
        if let error = first as? IOError, error.errnoCode == ECONNREFUSED {
            return RedisLoss(words: "\(address) refuses connections. Is Redis running there?")
        }
        return RedisLoss(words: "\(address) cannot be reached (\("\(first)".prefix(200))).")
    }

    /// What a refusal says about the connection as a whole; nil when it is about the command alone.
    init?(_ refusal: RedisRefusal, from address: RedisAddress) {
        switch refusal.kind {
        case .replica: self.init(words: "\(address) is a read-only replica.")
        case .loading: self.init(words: "\(address) is loading its data.")
        case .tooManyClients: self.init(words: "\(address) has as many clients as it may have (maxclients).")
        case .authentication:
            let mend =
                address.password == nil
                ? "asks for a password. Put it into REDIS_URL (redis://:password@host) or into REDIS_PASSWORD."
                : "does not take the password. Check the one in REDIS_URL or REDIS_PASSWORD, and the user."
            self.init(words: "\(address) \(mend)", needsMend: true)
        case .cluster:
            self.init(
                words: "\(address) is part of a Redis Cluster, which is not supported. Name a Redis that stands alone.",
                needsMend: true)
        case .protected:
            self.init(
                words: "\(address) is in protected mode and lets only its own machine in. Give that Redis a password.",
                needsMend: true)
        case .forbidden:
            self.init(
                words: "\(address) does not let the user do what the cache needs (\(refusal.message)). docs/cache.md has the rights.",
                needsMend: true)
        case .full, .unsaved, .unreplicated, .unknownScript, .other: return nil
        }
    }
}

extension Duration {
    /// In seconds or milliseconds, for people.
    var formatted: String {
        let milliseconds = Int(self / .milliseconds(1))
        return milliseconds.isMultiple(of: 1000) ? "\(milliseconds / 1000) s" : "\(milliseconds) ms"
    }
}
