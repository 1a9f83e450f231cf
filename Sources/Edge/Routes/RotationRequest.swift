import Core
import NIOCore
import Wire

/// What `POST /api/cache/rotate` is asked for: `{"tenant": "self", "overlap_seconds": 3600}`, both of which may be left out.
struct RotationRequest: Sendable {
    /// nil for the caller's own.
    let tenant: String?
    /// How long the secret before stays good for reading.
    let overlap: Duration

    /// No answer lives longer than its overlap is of use.
    private static let longestOverlap = 86_400.0

    init(_ body: ByteBuffer) throws(GatewayError) {
        guard body.readableBytes > 0 else {
            (tenant, overlap) = (nil, .seconds(3600))
            return
        }
        guard let root = try? JSONDocument(body).root, root.kind == .object else {
            throw GatewayError(.invalidJSON, .client, "The body must be a JSON object, or empty.")
        }
        for member in root.children where member.key != "tenant" && member.key != "overlap_seconds" {
            let key = (member.key ?? "").prefix(64)
            throw .invalid("\(key)", "There is no '\(key)'. Known: tenant, overlap_seconds.")
        }
        let named = root["tenant"]
        guard named == nil || named?.isNonEmptyString == true else {
            throw .invalid("tenant", "'tenant' must be a tenant's name, or 'self'.")
        }
        tenant = named?.string == "self" ? nil : named?.string
        let seconds = root["overlap_seconds"].map { $0.double ?? -1 } ?? 3600
        guard (0...Self.longestOverlap).contains(seconds) else {
            throw .invalid("overlap_seconds", "'overlap_seconds' must be a number from 0 to \(Int(Self.longestOverlap)).")
        }
        overlap = .seconds(seconds)
    }
}
