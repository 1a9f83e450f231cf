package import Core
package import NIOCore

/// A complete answer as the cache keeps it: enough to be given again as a whole chat completion or as a stream.
///
/// Immutable, and a class because the tiers of the cache share it and a hit should cost one reference.
package final class CachedAnswer: Sendable {
    /// The chat completion as JSON.
    package let body: ByteBuffer
    package let contentType: String
    /// The name of the model that answered, and its deployment's id.
    package let model: String
    package let deployment: String
    package let agent: String?
    package let usage: Usage?
    /// What the provider charged for it; nil where that is unknown.
    package let cost: Money?
    /// When it was complete, in milliseconds since 1970.
    package let createdAt: Int64
    /// How long after `createdAt` it may be given; above zero, to the millisecond, at most ``longestLife``.
    package let life: Duration
    /// From 0 to 1.
    package let confidence: Double
    /// What it can be invalidated by.
    package let tags: [CacheTag]
    /// How long the request took that got it.
    package let seconds: Double

    /// A day: more than any rule for lives gives.
    package static let longestLife = Duration.seconds(86_400)
    /// Most tags of one answer.
    package static let tagLimit = 32

    package init(
        body: ByteBuffer, contentType: String = "application/json", model: String, deployment: String,
        agent: String? = nil, usage: Usage?, cost: Money?, createdAt: Int64, life: Duration, confidence: Double,
        tags: [CacheTag], seconds: Double
    ) {
        // A provider's buffer is often a slice of a larger one, which a stored slice would keep alive.
        self.body = body.compact
        self.contentType = contentType
        self.model = model
        self.deployment = deployment
        self.agent = agent
        self.usage = usage
        self.cost = cost
        self.createdAt = createdAt
        self.life = min(life, Self.longestLife)
        self.confidence = confidence.isFinite ? min(max(0, confidence), 1) : 0
        self.tags = tags
        self.seconds = seconds.isFinite ? max(0, seconds) : 0
    }

    /// About how many bytes it takes in memory.
    package var footprint: Int {
        let names = contentType.utf8.count + model.utf8.count + deployment.utf8.count + (agent?.utf8.count ?? 0)
        return tags.reduce(Self.fixedFootprint + body.storageCapacity + names) { $0 + $1.footprint }
    }

    /// The object, the body's storage object, and what the allocator adds to both.
    private static let fixedFootprint = 384
}

extension ByteBuffer {
    /// The readable bytes in the smallest storage that NIO makes for them: this buffer where it has it already.
    fileprivate var compact: ByteBuffer {
        var copy = ByteBufferAllocator().buffer(capacity: readableBytes)
        guard copy.storageCapacity < storageCapacity else { return self }
        copy.writeImmutableBuffer(self)
        return copy
    }
}
