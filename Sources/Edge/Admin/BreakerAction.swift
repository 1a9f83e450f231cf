import Core
import Foundation
import NIOCore
import Wire

/// What an admin asks to be done: `POST …/{deployment}/{open,close,reset}` with `{"reason": "…"}`.
struct BreakerAction: Sendable, Equatable {
    /// Longest reason, in code points; the breaker would cut it there.
    static let reasonLimit = 200

    let deployment: String
    let act: Breaker.Act
    let reason: String

    /// - Parameters:
    ///   - path: behind `/ai/circuit-breaker/`. The deployment's id may hold slashes, plain or escaped; its other
    ///     special characters are escaped.
    ///   - body: the JSON that came with it.
    init(path: Substring, body: ByteBuffer) throws(GatewayError) {
        guard let slash = path.lastIndex(of: "/"), let act = Breaker.Act(rawValue: String(path[path.index(after: slash)...])),
            let deployment = path[..<slash].removingPercentEncoding, !deployment.isEmpty
        else {
            let acts = Breaker.Act.allCases.map(\.rawValue).joined(separator: ", ")
            throw GatewayError(
                .notFound, .client,
                "There is no such action. POST /ai/circuit-breaker/{deployment}/{action} takes one of \(acts).")
        }
        self.deployment = deployment
        self.act = act
        reason = try Self.reason(in: body)
    }

    private static func reason(in body: ByteBuffer) throws(GatewayError) -> String {
        guard body.readableBytes > 0 else { throw missing() }
        let document: JSONDocument
        do { document = try JSONDocument(body) } catch {
            throw GatewayError(.invalidJSON, .client, "The body is no JSON: \(error.problem.rawValue), at byte \(error.offset).")
        }
        guard let value = document.root["reason"] else { throw missing() }
        guard let text = value.string else { throw .invalid("reason", "'reason' must be text.") }
        let reason = text.trimmingCharacters(in: .whitespaces)
        guard !reason.isEmpty else { throw missing() }
        guard reason.unicodeScalars.count <= reasonLimit else {
            throw .invalid("reason", "'reason' must be at most \(reasonLimit) characters.")
        }
        // It stands in logs and audit lines, which must not be forged.
        guard reason.unicodeScalars.allSatisfy({ $0.properties.generalCategory != .control }) else {
            throw .invalid("reason", "'reason' must be one line without control characters.")
        }
        return reason
    }

    private static func missing() -> GatewayError {
        .missing("reason", #"Say why, for those who come after you: {"reason": "…"}."#)
    }
}
