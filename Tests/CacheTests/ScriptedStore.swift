import Cache
import Gateway
import NIOCore
import TestKit

/// A remote store in memory that does as a test tells it.
final class ScriptedStore: RemoteStore {
    struct Failure: Error {}

    struct Value {
        var bytes: ByteBuffer
        var life: Duration?
        var tags: [String]
    }

    struct State {
        var values: [String: Value] = [:]
        var fails = false
        /// Names for which it fails all the same.
        var failing: Set<String> = []
        /// Names and tags that it was asked for, in order.
        var names: [String] = []
        var sets = 0
        var listeners: [@Sendable (RemoteSignal) -> Void] = []
        /// What was published, also while nobody listened.
        var messages: [ByteBuffer] = []
    }

    let state = Watched(State())
    /// Holds back writes that have begun.
    let setGate: Gate
    /// Hold back writes of these names, behind `setGate`.
    let setGates: [String: Gate]
    /// Hold back the answers to reads of these names, which have looked already.
    let getGates: [String: Gate]
    private let begun = Watched(0)

    init(setGate: Gate? = nil, setGates: [String: Gate] = [:], getGates: [String: Gate] = [:]) {
        self.setGate = setGate ?? .opened
        self.setGates = setGates
        self.getGates = getGates
    }

    var memory: RemoteMemory? { nil }

    var condition: RemoteCondition { state.value.fails ? .away("told to") : .connected(ping: nil) }

    func waitForReads(_ count: Int) async throws { try await begun.wait("reads") { $0 >= count ? () : nil } }

    func waitForSets(_ count: Int) async throws { try await state.wait("sets") { $0.sets >= count ? () : nil } }

    private func use<Result: Sendable>(_ name: String, _ change: (inout State) -> Result) throws -> Result {
        let result: Result? = state.update { state in
            state.names.append(name)
            return state.fails || state.failing.contains(name) ? nil : change(&state)
        }
        guard let result else { throw Failure() }
        return result
    }

    func value(of name: String, by deadline: Instant) async throws -> RemoteValue? {
        let value: RemoteValue?? = try use(name) { state in
            state.values[name].map { RemoteValue(bytes: $0.bytes, life: $0.life) }
        }
        begun.update { $0 += 1 }
        try await getGates[name]?.wait()
        return value ?? nil
    }

    func set(_ name: String, to value: ByteBuffer, life: Duration, tags: [String]) async throws {
        state.update { $0.sets += 1 }
        try await setGate.wait()
        try await setGates[name]?.wait()
        try use(name) { $0.values[name] = Value(bytes: value, life: life, tags: tags) }
    }

    func delete(_ name: String) async throws -> Int {
        try use(name) { $0.values.removeValue(forKey: name) == nil ? 0 : 1 }
    }

    func delete(tagged tag: String) async throws -> Int { try use(tag) { $0.remove { _, value in value.tags.contains(tag) } } }

    func delete(matching pattern: String) async throws -> Int {
        guard let glob = Glob(pattern) else { throw Failure() }
        return try use(pattern) { $0.remove { name, _ in glob.matches(name) } }
    }

    func publish(_ message: ByteBuffer, to channel: String) async throws {
        try use(channel) { $0.messages.append(message) }
        for hear in state.value.listeners { hear(.message(message)) }
    }

    func listen(to channel: String, hear: @escaping @Sendable (RemoteSignal) -> Void) async {
        hear(.subscribed)
        state.update { $0.listeners.append(hear) }
        try? await Gate("end of listening").wait(limit: .seconds(600))
    }
}

extension ScriptedStore.State {
    fileprivate mutating func remove(_ isMeant: (String, ScriptedStore.Value) -> Bool) -> Int {
        let names = values.filter(isMeant).keys
        for name in names { values[name] = nil }
        return names.count
    }
}

extension Gate {
    /// One that holds nothing back.
    static var opened: Gate {
        let gate = Gate()
        gate.open()
        return gate
    }
}
