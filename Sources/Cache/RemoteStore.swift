package import Gateway
package import NIOCore

/// The store behind the remote tier (a port: Redis implements it, tests with scripts). It keeps bytes under names, and
/// knows nothing of what they mean: values come to it sealed, tags as hashes.
///
/// Each function throws when the store cannot do it, and none waits longer than the store's own time limit.
package protocol RemoteStore: Sendable {
    /// The value, and how long it has still to live where the store knows; nil for none. Throws by `deadline`.
    func value(of name: String, by deadline: Instant) async throws -> RemoteValue?

    /// Keeps a value for `life`, at least a millisecond, so that it can be deleted by name and by each tag.
    func set(_ name: String, to value: ByteBuffer, life: Duration, tags: [String]) async throws

    /// How many values there were: none or one.
    func delete(_ name: String) async throws -> Int

    /// How many values had the tag.
    func delete(tagged tag: String) async throws -> Int

    /// Deletes the values, not the tags, whose names match a pattern of SCAN's. How many there were.
    func delete(matching pattern: String) async throws -> Int

    /// Tells all that listen to the channel, in other processes too.
    func publish(_ message: ByteBuffer, to channel: String) async throws

    /// Listens until its task is cancelled, also across lost connections. `hear` is quick and called in order.
    func listen(to channel: String, hear: @escaping @Sendable (RemoteSignal) -> Void) async

    /// How it stands now.
    var condition: RemoteCondition { get }

    /// nil where the store does not tell, or has not yet.
    var memory: RemoteMemory? { get }
}

/// What a store has under a name.
package struct RemoteValue: Sendable {
    /// As they were set.
    package let bytes: ByteBuffer
    /// nil where the store does not say.
    package let life: Duration?

    package init(bytes: ByteBuffer, life: Duration?) {
        self.bytes = bytes
        self.life = life
    }
}

/// What a listener hears.
package enum RemoteSignal: Sendable {
    /// Listening begins, or begins again: what was published before was not heard.
    case subscribed
    case message(ByteBuffer)
}
