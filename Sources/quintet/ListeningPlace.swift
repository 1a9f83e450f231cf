import ArgumentParser
import Foundation
import NIOCore
import NIOPosix

/// Where a server is to listen, and whether it can.
struct ListeningPlace {
    let host: String
    /// 0 for any free one.
    let port: Int

    /// What is in the way, for the person who mends it.
    enum Problem: Error, Equatable {
        case inUse
        case unusable(String)
    }

    /// Listens for a moment, as the server will.
    func tryOut() async throws(Problem) {
        do {
            let channel = try await ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
                .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
                .bind(host: host, port: port).get()
            try await channel.close()
        } catch { throw problem(error) }
    }

    /// Ends the command where the place cannot be had.
    func tryOrExplain() async throws {
        do { try await tryOut() } catch {
            Terminal.complain(words(for: error))
            throw ExitCode.failure
        }
    }

    func words(for problem: Problem) -> String {
        switch problem {
        case .inUse: "\(name) is in use. Stop what listens there, or choose another --port."
        case .unusable(let words): words
        }
    }

    /// `127.0.0.1:8080`.
    var name: String { host.contains(":") ? "[\(host)]:\(port)" : "\(host):\(port)" }

    private func problem(_ error: any Error) -> Problem {
        switch (error as? IOError)?.errnoCode {
        case EADDRINUSE?: .inUse
        case EADDRNOTAVAIL?: .unusable("\(host) is no address of this machine. 127.0.0.1 is this machine only, 0.0.0.0 all its networks.")
        case EACCES?: .unusable("\(name) is for the machine's administrator only. Choose a --port from 1024 on.")
        case .some(let code): .unusable("\(name) cannot be listened on (\(String(cString: strerror(code)))).")
        case nil: .unusable("The host \(host) is not known. Check --host or QUINTET_HOST.")
        }
    }
}
