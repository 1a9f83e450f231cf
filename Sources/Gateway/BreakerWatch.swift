package import Core
import Synchronization

/// A breaker's transition, and whose it was.
package struct BreakerChange: Sendable {
    package let deployment: Deployment
    package let transition: Breaker.Transition
}

/// Somebody's interest in the breakers' changes. It ends when this is let go of.
package final class BreakerWatch: Sendable {
    private let watchers: BreakerWatchers
    private let number: UInt64

    init(_ watchers: BreakerWatchers, _ onChange: @escaping @Sendable (BreakerChange) -> Void) {
        self.watchers = watchers
        number = watchers.add(onChange)
    }

    deinit { watchers.remove(number) }
}

/// Who wants to know of changes. They are few (admins who look), and so are the changes.
final class BreakerWatchers: Sendable {
    private struct State {
        var callbacks: [UInt64: @Sendable (BreakerChange) -> Void] = [:]
        var next: UInt64 = 0
    }

    private let state = Mutex(State())

    func add(_ onChange: @escaping @Sendable (BreakerChange) -> Void) -> UInt64 {
        state.withLock { state in
            state.next += 1
            state.callbacks[state.next] = onChange
            return state.next
        }
    }

    func remove(_ number: UInt64) {
        state.withLock { _ = $0.callbacks.removeValue(forKey: number) }
    }

    func tell(_ change: BreakerChange) {
        // Called outside the lock, since a callback may resume whoever waits.
        for callback in state.withLock({ Array($0.callbacks.values) }) { callback(change) }
    }
}
