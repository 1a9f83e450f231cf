import AsyncHTTPClient
import NIOCore
import NIOHTTP1
import NIOPosix
import NIOSSL
import Wire

/// Names of the gateway's answer headers.
enum AnswerHeader {
    static let model = "x-quintet-model"
    static let agent = "x-quintet-agent"
    static let cost = "x-quintet-cost-usd"
    /// `hit`, `miss`, `joined` or `bypass`.
    static let cache = "x-quintet-cache"
    /// RFC 9211.
    static let cacheStatus = "cache-status"
}

/// Asks a gateway as people's commands do.
struct GatewayClient: Sendable {
    let target: GatewayTarget
    private let http: HTTPClient

    /// Most bytes of an answer that is read whole.
    private static let limit = 32 << 20

    /// Opens a client for as long as `body` runs.
    static func with<Result>(_ target: GatewayTarget, _ body: (GatewayClient) async throws -> Result) async throws -> Result {
        // An answer may take as long as it likes: gateways have deadlines of their own, and people have Ctrl-C.
        var configuration = HTTPClient.Configuration(
            redirectConfiguration: .disallow, timeout: .init(connect: .seconds(10), read: nil))
        configuration.connectionPool.retryConnectionEstablishment = false
        let http = HTTPClient(eventLoopGroupProvider: .singleton, configuration: configuration)
        do {
            let result = try await body(GatewayClient(target: target, http: http))
            try await http.shutdown()
            return result
        } catch {
            try? await http.shutdown()
            throw error
        }
    }

    /// Sends a request and returns the answer's head, its body still to be read.
    ///
    /// - Throws: ``ClientFault`` for every answer but a good one, and where nobody answers.
    func send(
        _ method: HTTPMethod, _ path: String, _ body: ByteBuffer? = nil, as role: GatewayTarget.Role
    ) async throws -> HTTPClientResponse {
        var request = HTTPClientRequest(url: target.url + path)
        request.method = method
        if let secret = target.secret(for: role) { request.headers.add(name: "authorization", value: "Bearer \(secret)") }
        if let body {
            request.headers.add(name: "content-type", value: "application/json")
            request.body = .bytes(body)
        }
        let response: HTTPClientResponse
        do { response = try await http.execute(request, deadline: .distantFuture) } catch { throw fault(error) }
        guard (200..<300).contains(response.status.code) else { throw try await refusal(response, role) }
        return response
    }

    /// The answer's JSON.
    func json(_ response: HTTPClientResponse) async throws -> JSONDocument {
        let body: ByteBuffer
        do { body = try await response.body.collect(upTo: Self.limit) } catch { throw fault(error) }
        do { return try JSONDocument(body) } catch { throw target.foreign("its answer is no JSON") }
    }

    /// Of an answer that broke off, too.
    func fault(_ error: any Error) -> any Error {
        if error is CancellationError || error as? HTTPClientError == .cancelled || Task.isCancelled { return CancellationError() }
        if error as? HTTPClientError == .remoteConnectionClosed {
            return ClientFault("The gateway at \(target.url) closed the connection before its answer had ended.")
        }
        if let error = error as? NIOConnectionError, let first = error.connectionErrors.first {
            return target.unreachable((first.error as? IOError).map(\.words) ?? "\(first.error)")
        }
        if let error = error as? IOError { return target.unreachable(error.words) }
        if error is NIOConnectionError { return target.unreachable("there is no such host") }
        if let fault = tlsFault(error) { return fault }
        if let error = error as? HTTPClientError { return target.unreachable(error.shortDescription) }
        if error is HTTPParserError { return target.foreign("it speaks no HTTP/1.1") }
        return target.unreachable("\(error)")
    }

    /// What NIOSSL says holds the paths of its own sources.
    private func tlsFault(_ error: any Error) -> ClientFault? {
        guard let error = error as? NIOSSLError else { return nil }
        let text = "\(error)"
        if text.contains("WRONG_VERSION_NUMBER") || text.contains("HTTP_REQUEST") { return target.withoutTLS() }
        if text.contains("CERTIFICATE_VERIFY_FAILED") { return target.untrusted("its certificate is not trusted here") }
        return target.untrusted("the two found no common version or cipher")
    }

    private func refusal(_ response: HTTPClientResponse, _ role: GatewayTarget.Role) async throws -> any Error {
        let status = Int(response.status.code)
        guard let body = try? await response.body.collect(upTo: Self.limit), let document = try? JSONDocument(body),
            let message = document.root["error"]?["message"]?.string
        else {
            if Task.isCancelled { return CancellationError() }
            return target.foreign("it answers \(status) without an error in JSON")
        }
        return target.refusal(status: status, message: message.harmless, role: role)
    }
}
