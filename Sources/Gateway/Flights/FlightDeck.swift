import Core
import ServiceLifecycle
import Synchronization

/// The calls of one kind that several requests may wait for, one for each question, as children of the task that runs this: so a
/// request that leaves does not take the call along that others wait for.
final class FlightDeck<Cargo: FlightCargo>: Sendable {
    /// Requests with equal keys can share a call.
    struct Key: Hashable, Sendable {
        /// The cache key: all that can change the answer.
        let question: String
        /// Deadlines and the like, which can change whether there is one.
        let policy: RequestPolicy
        /// What the leader's call may answer with.
        let onlyIfCached: Bool
        let maximumAge: Duration?
        /// Another number for each call that is not to be shared; 0 for all others.
        let lone: Int
    }

    private struct State {
        var flights: [Key: Flight<Cargo>] = [:]
        /// In the air, private ones too.
        var running = 0
        var joins = 0
        var privates = 0
    }

    /// What is to be started.
    private struct Departure: Sendable {
        let flight: Flight<Cargo>
        let key: Key
        let executor: (any TaskExecutor)?
        let call: @Sendable (Flight<Cargo>) async -> Void
    }

    private let state = Mutex(State())
    private let limit: Int
    private let departures: AsyncStream<Departure>
    private let depart: AsyncStream<Departure>.Continuation

    private let memory: FlightMemory

    /// - Parameter limit: calls at once.
    init(limit: Int, in memory: FlightMemory) {
        self.limit = limit
        self.memory = memory
        (departures, depart) = AsyncStream.makeStream(bufferingPolicy: .unbounded)
    }

    /// Makes the calls until graceful shutdown and the end of those under way.
    func run() async {
        await withDiscardingTaskGroup { group in
            await withGracefulShutdownHandler {
                for await departure in departures {
                    group.addTask(executorPreference: departure.executor) {
                        await departure.flight.fly(departure.call)
                        self.forget(departure.flight, departure.key)
                        self.state.withLock { $0.running -= 1 }
                    }
                }
            } onGracefulShutdown: {
                self.depart.finish()
            }
        }
    }

    /// A seat, and whether the request leads; nil where there are too many flights, or the service has stopped.
    ///
    /// - Parameters:
    ///   - wishes: a call that may not be answered from the cache is for this request alone.
    ///   - isOutdated: whether the answer may be forgotten already, though it is not there yet: nobody joins such a flight, and
    ///     another takes its place. Quick; called under the lock.
    ///   - call: what a leader's flight does.
    func board(
        _ question: String, policy: RequestPolicy, wishes: CacheDirectives, on executor: (any TaskExecutor)?,
        isOutdated: @escaping @Sendable () -> Bool, call: @escaping @Sendable (Flight<Cargo>) async -> Void
    ) -> (seat: FlightSeat<Cargo>, isLeader: Bool)? {
        // Its last reference may go with the one that takes its place, which must not happen under the lock.
        var former: Flight<Cargo>?
        let boarded = state.withLock { state -> (key: Key, flight: Flight<Cargo>, id: Int, isLeader: Bool)? in
            if !wishes.mayRead { state.privates += 1 }
            let key = Key(
                question: question, policy: policy, onlyIfCached: wishes.onlyIfCached, maximumAge: wishes.maximumAge,
                lone: wishes.mayRead ? 0 : state.privates)
            former = state.flights[key]
            if let flight = former, !flight.isOutdated(), let id = flight.board() {
                state.joins += 1
                return (key, flight, id, false)
            }
            guard state.running < limit, !memory.isFull else { return nil }
            let flight = Flight<Cargo>(in: memory, isOutdated: isOutdated)
            guard let id = flight.board() else { return nil }
            state.running += 1
            state.flights[key] = flight
            return (key, flight, id, true)
        }
        withExtendedLifetime(former) {}
        guard let (key, flight, id, isLeader) = boarded else { return nil }
        let seat = FlightSeat(flight: flight, id: id) { [self] in forget($0, key) }
        guard isLeader else { return (seat, false) }
        switch depart.yield(Departure(flight: flight, key: key, executor: executor, call: call)) {
        case .enqueued: return (seat, true)
        case .dropped, .terminated: break
        @unknown default: break
        }
        forget(flight, key)
        state.withLock { $0.running -= 1 }
        // Whoever has joined meanwhile begins anew.
        flight.conclude()
        return nil
    }

    /// Nobody joins this flight any more.
    private func forget(_ flight: Flight<Cargo>, _ key: Key) {
        // Its last reference may go here, which must not happen under the lock.
        let forgotten = state.withLock { state in
            state.flights[key] === flight ? state.flights.removeValue(forKey: key) : nil
        }
        withExtendedLifetime(forgotten) {}
    }

    /// Calls in the air, and requests that joined one since the start.
    var figures: (running: Int, joins: Int) { state.withLock { ($0.running, $0.joins) } }
}
