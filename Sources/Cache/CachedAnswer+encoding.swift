import Core
import Gateway
import NIOCore

/// The bytes that an answer is outside of the process, before they are sealed.
///
/// A version, the times and figures, flags for what is optional, the names, the tags, the body; nothing after it. What is
/// of another version or breaks off or goes on reads as nil; sealing is what finds bytes that were changed.
extension CachedAnswer {
    /// Goes up with every change of the encoding: answers of older ones are misses.
    private static let version: UInt8 = 3

    private enum Presence {
        static let usage: UInt8 = 1
        static let cost: UInt8 = 2
        static let all = usage | cost
    }

    var encoded: [UInt8] {
        var writer = ByteWriter(capacity: encodedBound)
        writer.byte(Self.version)
        writer.byte((usage == nil ? 0 : Presence.usage) | (cost == nil ? 0 : Presence.cost))
        writer.signed(createdAt)
        writer.signed(life.wholeMilliseconds)
        writer.magnitude(seconds)
        if let cost { writer.signed(cost.picodollars) }
        if let usage {
            for count in [
                usage.promptTokens, usage.completionTokens, usage.cachedPromptTokens, usage.cacheWriteTokens,
                usage.longCacheWriteTokens, usage.promptAudioTokens, usage.promptImageTokens, usage.reasoningTokens,
                usage.completionAudioTokens,
            ] { writer.count(count) }
        }
        for text in [model, deployment] { writer.text(text) }
        writer.count(tags.count)
        for tag in tags { writer.text(tag.name) }
        writer.count(body.readableBytes)
        writer.append(body.readableBytesView)
        return writer.bytes
    }

    /// At least as many bytes as ``encoded`` has.
    var encodedBound: Int {
        // The numbers and the lengths of the names take less than two hundred bytes, a tag's length two.
        let names = model.utf8.count + deployment.utf8.count
        return tags.reduce(200 + names + body.readableBytes) { $0 + $1.name.utf8.count + 2 }
    }

    /// nil for anything but the whole encoding of an answer.
    convenience init?(encoded: [UInt8]) {
        var reader = ByteReader(encoded)
        guard reader.byte() == Self.version, let presence = reader.byte(), presence & ~Presence.all == 0,
            let createdAt = reader.signed(), let life = reader.signed(), life > 0,
            life <= Self.longestLife.wholeMilliseconds,
            let seconds = reader.magnitude()
        else { return nil }

        var cost: Money?
        if presence & Presence.cost != 0 {
            guard let picodollars = reader.signed() else { return nil }
            cost = Money(picodollars: picodollars)
        }
        var usage: Usage?
        if presence & Presence.usage != 0 {
            guard let prompt = reader.count(), let completion = reader.count(), let cached = reader.count(),
                let shortWrites = reader.count(), let longWrites = reader.count(), let audio = reader.count(),
                let images = reader.count(), let reasoning = reader.count(), let speech = reader.count()
            else { return nil }
            // What the provider charged is in the cost.
            usage = Usage(
                promptTokens: prompt, completionTokens: completion, cachedPromptTokens: cached,
                cacheWriteTokens: shortWrites, longCacheWriteTokens: longWrites, promptAudioTokens: audio,
                promptImageTokens: images, reasoningTokens: reasoning, completionAudioTokens: speech)
        }

        guard let model = reader.text(), let deployment = reader.text() else { return nil }
        guard let tagCount = reader.count(), tagCount <= Self.tagLimit else { return nil }
        var tags: [CacheTag] = []
        for _ in 0..<tagCount {
            guard let name = reader.text(), name.utf8.count <= CacheTag.nameLimit else { return nil }
            tags.append(CacheTag(name: name))
        }
        guard let body = reader.bytes(), reader.isAtEnd else { return nil }

        self.init(
            body: ByteBuffer(bytes: body), model: model, deployment: deployment, usage: usage, cost: cost,
            createdAt: createdAt, life: .milliseconds(life), tags: tags, seconds: seconds)
    }
}

extension Duration {
    /// Rounded towards zero.
    var wholeMilliseconds: Int64 {
        let (seconds, attoseconds) = components
        let (product, overflow) = seconds.multipliedReportingOverflow(by: 1000)
        guard !overflow else { return seconds < 0 ? .min : .max }
        return product + attoseconds / 1_000_000_000_000_000
    }
}
