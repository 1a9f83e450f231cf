import Core
import NIOCore

/// What the bodies of the native API's chat requests have in common.
struct NativeBody {
    let root: JSONValue
    /// A string that is not empty.
    let message: JSONValue
    /// The messages before it that are sent on.
    let context: ArraySlice<JSONValue>
    let usesCache: Bool
    let session: String?

    /// How many messages of the context are sent on.
    private static let contextLimit = 5

    /// - Parameter fields: all that the body may have. A misspelt one would silently not count.
    /// - Throws: ``GatewayError`` that names the field which cannot be used.
    init(_ body: ByteBuffer, fields: [String]) throws(GatewayError) {
        root = try JSONDocument.ofRequest(body).requestObject
        for key in root.children.compactMap(\.key) where !fields.contains(key) {
            throw .invalid(String(key.prefix(64)), "There is no '\(key.prefix(64))'. Known here: \(fields.joined(separator: ", ")).")
        }
        guard let message = try root.optional("message", as: .string) else {
            throw .missing("message", "You must send 'message', the text to answer.")
        }
        guard message.isNonEmptyString, message.string != nil else {
            throw .invalid("message", "'message' must be a non-empty string with valid escapes.")
        }
        self.message = message
        context = try root.optional("context", as: .array).map { Array($0.children) }?.suffix(Self.contextLimit) ?? []
        usesCache = try root.optional("use_cache", as: .boolean)?.bool ?? true
        session = try root.optional("session_id", as: .string)?.string
    }
}
