package import Core
package import NIOCore

/// A complete answer as the cache keeps it: enough to be given again as a whole chat completion or as a stream.
///
/// Immutable, and a class because the tiers of the cache share it and a hit should cost one reference.
package final class CachedAnswer: Sendable {
    /// The chat completion as JSON.
    package let body: ByteBuffer
    /// The name of the model that answered, and its deployment's id.
    package let model: String
    package let deployment: String
    /// As the provider counted; nil where it did not say.
    package let usage: Usage?
    /// What the provider charged for it; nil where that is unknown.
    package let cost: Money?
    /// When it was complete, in milliseconds since 1970.
    package let createdAt: Int64
    /// How long after `createdAt` it may be given; above zero, to the millisecond, at most ``longestLife``.
    package let life: Duration
    /// What it can be invalidated by.
    package let tags: [CacheTag]
    /// How long the request took that got it.
    package let seconds: Double

    /// A day: more than any rule for lives gives.
    package static let longestLife = Duration.seconds(86_400)
    /// Most tags of one answer.
    package static let tagLimit = 32

    package init(
        body: ByteBuffer, model: String, deployment: String, usage: Usage?, cost: Money?, createdAt: Int64, life: Duration,
        tags: [CacheTag], seconds: Double
    ) {
        // A provider's buffer is often a slice of a larger one, which a stored slice would keep alive.
        self.body = body.compact
        self.model = model
        self.deployment = deployment
        self.usage = usage
        self.cost = cost
        self.createdAt = createdAt
        self.life = min(life, Self.longestLife)
        self.tags = tags
        self.seconds = seconds.isFinite ? max(0, seconds) : 0
    }

    /// About how many bytes it takes in memory.
    package var footprint: Int {
        let names = model.utf8.count + deployment.utf8.count
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
