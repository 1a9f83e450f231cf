import Core
import HTTPTypes
import Hummingbird
import NIOCore

extension Request {
    /// The whole body of a JSON request.
    ///
    /// - Throws: ``GatewayError``: 415 for another type, 413 for a body over the limit, which is then not read on.
    func json(upTo limit: Int) async throws -> ByteBuffer {
        if let type = headers[.contentType], !Self.isJSON(type) {
            throw GatewayError(
                .unsupportedMediaType, .client,
                "The body must be JSON, not \(type.prefix(100)). Send 'Content-Type: application/json'.")
        }
        if let length = headers[.contentLength].flatMap(Int.init), length > limit { throw Self.tooLarge(limit) }
        do {
            return try await body.collect(upTo: limit)
        } catch is NIOTooManyBytesError {
            throw Self.tooLarge(limit)
        } catch is IOError {
            throw GatewayError(.callerGone, .client, "The caller hung up in the middle of the request.")
        }
    }

    private static func isJSON(_ type: String) -> Bool {
        if type == "application/json" { return true }
        let name = type.prefix { $0 != ";" }.lowercased().filter { $0 != " " }
        return name == "application/json" || name.hasSuffix("+json")
    }

    private static func tooLarge(_ limit: Int) -> GatewayError {
        GatewayError(.bodyTooLarge, .client, "The body is larger than the limit of \(limit) bytes.")
    }
}
