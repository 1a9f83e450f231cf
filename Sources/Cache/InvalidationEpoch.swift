import Synchronization

/// Goes up with every invalidation, so that who carries an answer from one tier to another sees that one came between.
final class InvalidationEpoch: Sendable {
    private let number = Atomic<Int>(0)

    var current: Int { number.load(ordering: .sequentiallyConsistent) }

    func advance() { number.add(1, ordering: .sequentiallyConsistent) }
}
