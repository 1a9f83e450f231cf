import Foundation
import TestKit

/// nginx with certificates of a temporary authority, in front of a scripted provider: HTTP/2 and TLS as real providers
/// have them. It tells the provider the connection and the protocol of each request in its headers.
struct TLSServer {
    /// Nil where the tools for it are installed; else what is missing.
    static let missing: String? = {
        let absent = ["nginx", "openssl"].filter { path(of: $0) == nil }
        return absent.isEmpty ? nil : "not installed: " + absent.joined(separator: ", ")
    }()

    let directory: String
    let port: Int

    var baseURL: String { "https://127.0.0.1:\(port)/v1" }
    /// The authority that signed the server's certificate.
    var authority: String { directory + "/authority.pem" }

    /// Starts nginx, and stops it whatever happens in `body`.
    ///
    /// - Parameters:
    ///   - address: whom the certificate is for.
    ///   - listen: `http2` or nothing.
    static func run(
        for provider: ScriptedProvider, address: String = "127.0.0.1", listen: String = "http2",
        isolation: isolated (any Actor)? = #isolation, _ body: (TLSServer) async throws -> Void
    ) async throws {
        let directory = NSTemporaryDirectory() + "quintet-tls-" + UUID().uuidString
        try FileManager.default.createDirectory(atPath: directory, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(atPath: directory) }
        try await makeCertificates(in: directory, address: address)
        let (server, nginx) = try await start(in: directory, provider: provider, listen: listen)
        let result: Result<Void, any Error>
        do { result = .success(try await body(server)) } catch { result = .failure(error) }
        nginx.terminate()
        try await nginx.end()
        try result.get()
    }

    private static func start(
        in directory: String, provider: ScriptedProvider, listen: String
    ) async throws -> (TLSServer, Command) {
        var failure: any Error = CommandFailure(name: "nginx", output: "no port")
        // Another process may take the port between its choice and nginx's start.
        for _ in 0..<5 {
            let server = TLSServer(directory: directory, port: try await freePort())
            try server.configuration(provider, listen).write(toFile: directory + "/nginx.conf", atomically: true, encoding: .utf8)
            let arguments = ["-p", directory + "/", "-c", "nginx.conf", "-e", directory + "/error.log"]
            let nginx = try Command("nginx", arguments, in: directory)
            do {
                try await server.waitUntilItListens(nginx)
                return (server, nginx)
            } catch {
                nginx.terminate()
                failure = CommandFailure(name: "nginx", output: nginx.output)
            }
        }
        throw failure
    }

    /// nginx tells nobody when it is ready, so it is asked until it is, or until it has ended.
    private func waitUntilItListens(_ nginx: Command) async throws {
        try await withHardLimit("start of nginx") {
            while true {
                if let client = try? await RawClient.connect(port: port) { return await client.close() }
                if nginx.hasEnded { throw CommandFailure(name: "nginx", output: nginx.output) }
                try await Task.sleep(for: .milliseconds(5))
            }
        }
    }

    /// A port that was free a moment ago.
    private static func freePort() async throws -> Int {
        let provider = try await ScriptedProvider.start([])
        await provider.stop()
        return provider.port
    }

    private func configuration(_ provider: ScriptedProvider, _ listen: String) -> String {
        """
        daemon off;
        worker_processes 1;
        pid \(directory)/nginx.pid;
        events { worker_connections 256; }
        http {
            access_log off;
            client_max_body_size 64m;
            client_body_temp_path \(directory)/body;
            proxy_temp_path \(directory)/proxy;
            fastcgi_temp_path \(directory)/fastcgi;
            uwsgi_temp_path \(directory)/uwsgi;
            scgi_temp_path \(directory)/scgi;
            server {
                listen 127.0.0.1:\(port) ssl \(listen);
                ssl_certificate \(directory)/server.pem;
                ssl_certificate_key \(directory)/server.key;
                location / {
                    proxy_pass http://127.0.0.1:\(provider.port);
                    proxy_http_version 1.1;
                    proxy_buffering off;
                    proxy_set_header X-Connection $connection;
                    proxy_set_header X-Protocol $server_protocol;
                }
            }
        }
        """
    }

    private static func makeCertificates(in directory: String, address: String) async throws {
        let key = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"]
        try await command(
            "openssl",
            ["req", "-x509", "-days", "2", "-subj", "/CN=Quintet tests", "-keyout", "authority.key", "-out", "authority.pem"] + key,
            in: directory)
        try await command(
            "openssl", ["req", "-subj", "/CN=\(address)", "-keyout", "server.key", "-out", "server.csr"] + key, in: directory)
        try "subjectAltName=IP:\(address)\n".write(toFile: directory + "/names", atomically: true, encoding: .utf8)
        try await command(
            "openssl",
            [
                "x509", "-req", "-days", "2", "-in", "server.csr", "-out", "server.pem", "-extfile", "names", "-CA",
                "authority.pem", "-CAkey", "authority.key", "-CAcreateserial",
            ], in: directory)
    }
}

/// A command ended with another status than 0.
private struct CommandFailure: Error {
    let name: String
    let output: String
}

private func path(of tool: String) -> String? {
    let path = ProcessInfo.processInfo.environment["PATH"] ?? ""
    let folders = path.split(separator: ":").map(String.init) + ["/usr/sbin", "/usr/local/sbin"]
    return folders.map { "\($0)/\(tool)" }.first(where: FileManager.default.isExecutableFile)
}

/// Runs a command to its end.
private func command(_ name: String, _ arguments: [String], in directory: String) async throws {
    let command = try Command(name, arguments, in: directory)
    guard try await command.end() == 0 else { throw CommandFailure(name: name, output: command.output) }
}

/// A program that runs beside the tests; waiting for it blocks no thread.
private final class Command: Sendable {
    private let process: Process
    private let status = Watched<Int32?>(nil)
    private let name: String
    private let log: String

    init(_ name: String, _ arguments: [String], in directory: String) throws {
        guard let path = path(of: name) else { throw CommandFailure(name: name, output: "not installed") }
        self.name = name
        log = "\(directory)/\(name).out"
        _ = FileManager.default.createFile(atPath: log, contents: nil)
        let output = FileHandle(forWritingAtPath: log)
        process = Process()
        process.executableURL = URL(fileURLWithPath: path)
        process.arguments = arguments
        process.currentDirectoryURL = URL(fileURLWithPath: directory)
        process.standardInput = FileHandle.nullDevice
        process.standardOutput = output
        process.standardError = output
        process.terminationHandler = { [status] ended in status.update { $0 = ended.terminationStatus } }
        try process.run()
    }

    var hasEnded: Bool { status.value != nil }
    var output: String { (try? String(contentsOfFile: log, encoding: .utf8)) ?? "" }

    func terminate() { if !hasEnded { process.terminate() } }

    @discardableResult
    func end() async throws -> Int32 {
        try await status.wait("end of \(self.name)") { $0 }
    }
}
