import Foundation

/// A real redis-server on a free port, with a directory of its own and nothing kept on disk.
package final class RedisServer: Sendable {
    /// Nil where the tools for it are installed; else what is missing.
    package static let missing = Program.missing(["redis-server", "redis-cli", "openssl"])

    package let port: Int
    package let directory: String
    private let options: [String]
    private let program = Watched<Program?>(nil)

    private init(port: Int, directory: String, options: [String]) {
        self.port = port
        self.directory = directory
        self.options = options
    }

    /// The authority that signed the server's certificate, where it speaks TLS.
    package var authority: String { self.directory + "/authority.pem" }

    /// Starts a server, and kills it whatever happens in `body`.
    ///
    /// - Parameters:
    ///   - options: of its command line: `["--maxclients", "10"]`.
    ///   - tls: whether it speaks TLS, and nothing else.
    package static func run(
        _ options: [String] = [], tls: Bool = false, isolation: isolated (any Actor)? = #isolation,
        _ body: (RedisServer) async throws -> Void
    ) async throws {
        let directory = NSTemporaryDirectory() + "quintet-redis-" + UUID().uuidString
        try FileManager.default.createDirectory(atPath: directory + "/data", withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(atPath: directory) }
        if tls { try await Certificates.make(in: directory, address: "127.0.0.1") }
        let server = try await self.started(in: directory, options, tls: tls)
        do {
            try await body(server)
            try await server.kill()
        } catch {
            try await server.kill()
            throw error
        }
    }

    private static func started(in directory: String, _ options: [String], tls: Bool) async throws -> RedisServer {
        var failure: any Error = ProgramFailure(name: "redis-server", output: "no port")
        // Another process may take the port between its choice and the server's start.
        for _ in 0..<5 {
            let port = try await Ports.free()
            let door =
                tls
                ? [
                    "--port", "0", "--tls-port", "\(port)", "--tls-auth-clients", "no",
                    "--tls-cert-file", "\(directory)/server.pem", "--tls-key-file", "\(directory)/server.key",
                    "--tls-ca-cert-file", "\(directory)/authority.pem",
                ] : ["--port", "\(port)"]
            let server = RedisServer(port: port, directory: directory, options: door + options)
            do {
                try await server.start()
                return server
            } catch { failure = error }
        }
        throw failure
    }

    /// Starts it again on the same port, with further options.
    package func start(_ further: [String] = []) async throws {
        let quiet = ["--bind", "127.0.0.1", "--save", "", "--appendonly", "no"]
        let program = try Program(
            "redis-server", quiet + self.options + further + ["--dir", self.directory + "/data"], in: self.directory)
        self.program.update { $0 = program }
        try await program.waitUntilItListens(on: self.port)
    }

    /// Ends it as a crash does.
    package func kill() async throws {
        guard let program = self.program.value else { return }
        program.kill()
        try await program.end()
    }

    /// Stops it in the middle of whatever it does: it keeps its connections and says nothing until ``resume()``.
    package func pause() { self.program.value?.pause() }
    package func resume() { self.program.value?.resume() }

    /// Takes away the directory that it saves to.
    package func removeData() throws { try FileManager.default.removeItem(atPath: self.directory + "/data") }

    /// What redis-cli gets for a command, without the line break at its end.
    @discardableResult
    package func command(_ words: String...) async throws -> String {
        let output = try await Program.run("redis-cli", ["-p", "\(self.port)"] + words, in: self.directory)
        return output.hasSuffix("\n") ? String(output.dropLast()) : output
    }

    /// How often the server has refused a command to its users.
    package func refusedCalls(of command: String) async throws -> Int {
        let line = try await self.command("INFO", "commandstats").split(whereSeparator: \.isNewline)
            .first { $0.hasPrefix("cmdstat_\(command):") }
        let field = line?.split(separator: ",").first { $0.hasPrefix("rejected_calls=") }
        return field?.split(separator: "=").last.flatMap { Int($0) } ?? 0
    }
}
