import Foundation
import TestKit

/// nginx with certificates of a temporary authority, in front of a scripted provider: HTTP/2 and TLS as real providers
/// have them. It tells the provider the connection and the protocol of each request in its headers.
struct TLSServer {
    /// Nil where the tools for it are installed; else what is missing.
    static let missing = Program.missing(["nginx", "openssl"])

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
        try await Certificates.make(in: directory, address: address)
        let (server, nginx) = try await start(in: directory, provider: provider, listen: listen)
        let result: Result<Void, any Error>
        do { result = .success(try await body(server)) } catch { result = .failure(error) }
        nginx.terminate()
        try await nginx.end()
        try result.get()
    }

    private static func start(
        in directory: String, provider: ScriptedProvider, listen: String
    ) async throws -> (TLSServer, Program) {
        var failure: any Error = ProgramFailure(name: "nginx", output: "no port")
        // Another process may take the port between its choice and nginx's start.
        for _ in 0..<5 {
            let server = TLSServer(directory: directory, port: try await Ports.free())
            try server.configuration(provider, listen).write(toFile: directory + "/nginx.conf", atomically: true, encoding: .utf8)
            let arguments = ["-p", directory + "/", "-c", "nginx.conf", "-e", directory + "/error.log"]
            let nginx = try Program("nginx", arguments, in: directory)
            do {
                try await nginx.waitUntilItListens(on: server.port)
                return (server, nginx)
            } catch {
                nginx.terminate()
                failure = ProgramFailure(name: "nginx", output: nginx.output)
            }
        }
        throw failure
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
}
