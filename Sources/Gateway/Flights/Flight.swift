import Core
import NIOCore
import Synchronization
import Wire

/// One call that several requests wait for. Whoever leads it is only the first to have come: the call belongs to nobody, and
/// goes on for as long as somebody waits for it.
final class Flight<Cargo: FlightCargo>: Sendable {
    typealias Log = FlightLog<Cargo.Part>

    /// How the answer begins.
    enum Landing: Sendable {
        case whole(Cargo.Head, Cargo.Whole)
        /// Its parts follow in the log.
        case stream(Cargo.Head)
        /// And whose request failed; nil where there was no call.
        case failed(AnswerFailure, of: ChatRequest?)
    }

    fileprivate typealias Waiting = UnsafeContinuation<Void, Never>?

    fileprivate struct State {
        var landing: Landing?
        var log = Log()
        /// The answer that a stream's parts make, at its end.
        var whole: Cargo.Whole?
        /// Nothing more will come.
        var isOver = false
        /// Nobody waits any more.
        var isAbandoned = false
        var seats: [Int: Log.Position] = [:]
        var boarded = 0
        var waiters = FlightWaiters()
        /// The call, while it waits for its readers.
        var producer: Waiting = nil
        /// The task that the call is a child of, while it waits for the end.
        var host: Waiting = nil

        /// A failure is over once it is told: who comes now begins anew.
        var mayBoard: Bool {
            if case .failed = landing { return false }
            return !isOver && !isAbandoned && log.isWhole
        }

        mutating func takeProducer(ifDue: Bool) -> Waiting {
            guard producer != nil, ifDue || !log.isAhead else { return nil }
            defer { producer = nil }
            return producer
        }
    }

    /// Whether something was forgotten since the call began that its answer may be part of.
    let isOutdated: @Sendable () -> Bool
    fileprivate let state = Mutex(State())
    private let memory: FlightMemory
    /// Most requests that wait for one call.
    private static var seatLimit: Int { 65_536 }

    init(in memory: FlightMemory, isOutdated: @escaping @Sendable () -> Bool) {
        self.memory = memory
        self.isOutdated = isOutdated
    }

    deinit { memory.add(-state.withLock { $0.log.size }) }

    // MARK: Those who wait

    /// A place among those who wait; nil where it is too late to join.
    func board() -> Int? {
        state.withLock { state in
            guard state.mayBoard, state.seats.count < Self.seatLimit else { return nil }
            defer { state.boarded += 1 }
            state.seats[state.boarded] = Log.Position()
            return state.boarded
        }
    }

    /// Gives a place up. The last one out ends the call. True for that one.
    func leave(_ id: Int) -> Bool {
        let (host, producer, isLast) = state.withLock { state -> (Waiting, Waiting, Bool) in
            guard state.seats.removeValue(forKey: id) != nil else { return (nil, nil, false) }
            guard state.seats.isEmpty, !state.isOver else { return (nil, state.takeProducer(ifDue: false), false) }
            state.isAbandoned = true
            defer { state.host = nil }
            return (state.host, state.takeProducer(ifDue: true), true)
        }
        host?.resume()
        producer?.resume()
        return isLast
    }

    /// How the answer begins; suspends until that is known.
    func landing(for id: Int) async throws -> Landing {
        while true {
            if let landing = state.withLock({ $0.landing }) { return landing }
            _ = try await wait(id) { $0.landing != nil || $0.isOver }
        }
    }

    /// What a seat has not read yet; empty behind the last part. Suspends until there is some.
    ///
    /// - Throws: ``GatewayError`` for a reader whom the log has left behind.
    func read(_ id: Int, beat: () async throws -> Void) async throws -> [Log.Entry] {
        while true {
            let (entries, isOver, producer) = state.withLock { state -> ([Log.Entry]?, Bool, Waiting) in
                guard var position = state.seats[id] else { return ([], true, nil) }
                guard let entries = state.log.read(from: &position) else { return (nil, true, nil) }
                state.seats[id] = position
                return entries.isEmpty ? (entries, state.isOver, nil) : (entries, false, state.takeProducer(ifDue: false))
            }
            producer?.resume()
            guard let entries else { throw GatewayError.leftBehind }
            if !entries.isEmpty || isOver { return entries }
            let signal = try await wait(id) { state in
                state.isOver || state.seats[id].map { state.log.hasNews(behind: $0) } ?? true
            }
            if signal == .beat { try await beat() }
        }
    }

    /// The whole answer that a stream's parts made; nil where it broke off, or has not ended. To be asked behind its end.
    var whole: Cargo.Whole? { state.withLock { $0.whole } }

    private func wait(
        _ id: Int, isolation: isolated (any Actor)? = #isolation, until isDue: (borrowing State) -> Bool
    ) async throws -> FlightSignal {
        try await withTaskCancellationHandler {
            _ = isolation
            return try await withUnsafeThrowingContinuation(isolation: isolation) { continuation in
                let signal = state.withLock { state -> FlightSignal? in
                    if isDue(state) { return .news }
                    state.waiters.add(continuation, for: id)
                    return nil
                }
                if let signal { continuation.resume(returning: signal) }
                // Cancelled before it waited: the handler has found nobody.
                if Task.isCancelled { cancel(id) }
            }
        } onCancel: {
            cancel(id)
        }
    }

    private func cancel(_ id: Int) {
        let waiter = state.withLock { $0.waiters.remove(id) }
        waiter?.resume(throwing: CancellationError())
    }

    // MARK: The call

    /// Makes the call as a child of this task, and ends it when nobody waits any more.
    func fly(_ call: @escaping @Sendable (Flight) async -> Void) async {
        await withTaskGroup(of: Void.self) { group in
            group.addTask {
                await call(self)
                self.conclude()
            }
            await withUnsafeContinuation { continuation in
                let isDue = state.withLock { state in
                    if state.isOver || state.isAbandoned { return true }
                    state.host = continuation
                    return false
                }
                if isDue { continuation.resume() }
            }
            group.cancelAll()
        }
    }

    /// Tells how the answer begins. Only the first word counts.
    func land(_ landing: Landing) {
        let waiters = state.withLock { state in
            if state.landing == nil { state.landing = landing }
            return state.waiters.takeAll()
        }
        waiters.resume(returning: .news)
    }

    /// Adds a part; suspends while the readers are too far behind.
    func append(_ entry: Log.Entry) async {
        let (waiters, growth) = state.withLock { state in
            let size = state.log.size
            state.log.append(entry)
            if memory.isFull { state.log.forget(readBy: state.seats.values) }
            return (state.waiters.takeAll(), state.log.size - size)
        }
        memory.add(growth)
        waiters.resume(returning: .news)
        await withUnsafeContinuation { continuation in
            let isReady = state.withLock { state in
                if state.isAbandoned || !state.log.isAhead { return true }
                state.producer = continuation
                return false
            }
            if isReady { continuation.resume() }
        }
    }

    /// Tells those who wait that there is nothing to say yet.
    func beat() {
        state.withLock { $0.waiters.takeAll() }.resume(returning: .beat)
    }

    /// Keeps what the parts make together.
    func put(_ whole: Cargo.Whole) { state.withLock { $0.whole = whole } }

    /// Nothing more will come.
    func conclude() {
        let (waiters, host) = state.withLock { state in
            state.isOver = true
            if state.landing == nil {
                state.landing = .failed(AnswerFailure(error: GatewayError(.callerGone, .client, "The caller hung up.")), of: nil)
            }
            defer { state.host = nil }
            return (state.waiters.takeAll(), state.host)
        }
        waiters.resume(returning: .news)
        host?.resume()
    }
}

extension Flight<AnswerCargo> {
    /// The chunks that came; nil where they are not all there any more.
    var chunks: [SSEEvent]? { state.withLock { $0.log }.chunks }
}

extension GatewayError {
    /// A reader who is so slow that what it is to read next is gone.
    fileprivate static let leftBehind = GatewayError(
        .readerTooSlow, .client,
        "The stream was read so slowly that its next part is no longer kept. Read faster, or ask again with 'Cache-Control: no-store'.")
}
