import Core
import NIOCore

extension JSONDocument {
    /// A request's body.
    ///
    /// - Throws: ``GatewayError`` that says where it is no JSON.
    static func ofRequest(_ body: ByteBuffer) throws(GatewayError) -> JSONDocument {
        do { return try JSONDocument(body) } catch {
            throw GatewayError(
                .invalidJSON, .client, "The request body cannot be read: \(error.problem.rawValue) (near byte \(error.offset)).")
        }
    }

    /// The object that a request's body must be.
    var requestObject: JSONValue {
        get throws(GatewayError) {
            guard root.kind == .object else {
                throw GatewayError(.invalidJSON, .client, "The request body must be a JSON object, not \(root.kind.withArticle).")
            }
            return root
        }
    }
}
