import Core
@testable import Gateway
import NIOCore
import TestKit
import Testing
import Upstream

/// Runs an engine for these endpoints, and stops it whatever happens in `body`.
func withEngine<Result>(
    _ endpoints: Endpoint..., isolation: isolated (any Actor)? = #isolation, _ body: (RunningEngine) async throws -> Result
) async throws -> Result {
    let engine = RunningEngine(endpoints)
    engine.start()
    defer { engine.stop() }
    return try await body(engine)
}

/// An engine and its endpoints.
struct RunningEngine: Sendable {
    let engine = CurlEngine()
    let calls: CurlCalls

    init(_ endpoints: [Endpoint]) { calls = engine.calls(to: endpoints) }

    func start() { engine.start() }
    func stop() { engine.stop() }
    var pools: [PoolReport] { calls.pools }

    func send(_ call: UpstreamCall, by deadline: Instant) async throws -> any ProviderReply {
        try await calls.send(call, by: deadline)
    }
}

/// Runs a provider that answers every request with `script`, and an engine that calls it under the name `scripted`.
func withEngine<Result>(
    script: Script, onAccept: [Step] = [], limit: Int = 100, isolation: isolated (any Actor)? = #isolation,
    _ body: (RunningEngine, ScriptedProvider) async throws -> Result
) async throws -> Result {
    try await withScriptedProvider(script, onAccept: onAccept) { provider in
        try await withEngine(Endpoint(provider, limit: limit)) { try await body($0, provider) }
    }
}

/// The same with a script by request.
func withEngine<Result>(
    limit: Int = 100, handler: @escaping ScriptedProvider.Handler, isolation: isolated (any Actor)? = #isolation,
    _ body: (RunningEngine, ScriptedProvider) async throws -> Result
) async throws -> Result {
    try await withScriptedProvider(handler: handler) { provider in
        try await withEngine(Endpoint(provider, limit: limit)) { try await body($0, provider) }
    }
}

extension Endpoint {
    convenience init(_ provider: ScriptedProvider, name: String = "scripted", key: String? = nil, limit: Int = 100) {
        self.init(access: name, baseURL: provider.baseURL, key: key, limit: limit)
    }
}

extension UpstreamCall {
    /// A call whose answer is wanted as it arrives.
    static func stream(
        _ body: String = "{}", to provider: String = "scripted", connect: Duration = .seconds(10),
        acquire: Duration = .seconds(10)
    ) -> UpstreamCall {
        UpstreamCall(
            access: provider, body: ByteBuffer(string: body), isStream: true, connectTimeout: connect,
            acquireBy: .now.advanced(by: acquire))
    }

    /// A call whose answer is wanted whole.
    static func whole(
        _ body: String = "{}", to provider: String = "scripted", connect: Duration = .seconds(10),
        acquire: Duration = .seconds(10)
    ) -> UpstreamCall {
        UpstreamCall(
            access: provider, body: ByteBuffer(string: body), isStream: false, connectTimeout: connect,
            acquireBy: .now.advanced(by: acquire))
    }
}

extension RunningEngine {
    /// Sends a call; ten seconds are for ever here.
    func begin(_ call: UpstreamCall, within limit: Duration = .seconds(10)) async throws -> any ProviderReply {
        try await send(call, by: .now.advanced(by: limit))
    }

    /// Sends a call and reads its whole answer.
    func text(_ call: UpstreamCall, within limit: Duration = .seconds(10)) async throws -> String {
        String(buffer: try await begin(call, within: limit).rest(within: limit))
    }

    /// Sends a call and checks the text of its whole answer.
    func expect(
        _ call: UpstreamCall, answers expected: String, sourceLocation: SourceLocation = #_sourceLocation
    ) async throws {
        let text = try await text(call)
        #expect(text == expected, sourceLocation: sourceLocation)
    }

    /// How busy the provider `scripted` is.
    var pool: PoolReport? { pools.first { $0.access == "scripted" } }

    /// Waits until the pool looks like that: what the engine's thread does after a wait ends has no other sign.
    func waitForPool(inUse: Int, waiting: Int = 0) async throws {
        try await eventually("pool with \(inUse) in use and \(waiting) waiting") {
            self.pool?.inUse == inUse && self.pool?.waiting == waiting
        }
    }
}

extension ProviderReply {
    /// The bytes that have come, as text; nil at the end.
    func chunk(within limit: Duration = .seconds(10)) async throws -> String? {
        try await next(by: .now.advanced(by: limit)).map { String(buffer: $0) }
    }

    /// Everything up to the end.
    func rest(within limit: Duration = .seconds(10)) async throws -> ByteBuffer {
        var all = ByteBuffer()
        while let bytes = try await next(by: .now.advanced(by: limit)) { all.writeImmutableBuffer(bytes) }
        return all
    }

    /// What has come up to and including `marker`, however it was cut, as long as nothing follows the marker.
    func text(through marker: String) async throws -> String {
        var text = ""
        while !text.hasSuffix(marker) {
            guard let chunk = try await chunk() else { return text }
            text += chunk
        }
        return text
    }
}

extension ScriptedProvider {
    /// Waits for that connection's end, and checks that it was the engine that ended it.
    func expectLeft(_ connection: Int, sourceLocation: SourceLocation = #_sourceLocation) async throws {
        let end = try await waitForConnectionClosed(connection)
        #expect(end.cause != .provider, sourceLocation: sourceLocation)
    }
}

/// Looks again and again until the condition holds; for states that nobody announces.
func eventually(_ what: String, _ isReached: @escaping @Sendable () -> Bool) async throws {
    try await withHardLimit(what) {
        while !isReached() { try await Task.sleep(for: .milliseconds(1)) }
    }
}

/// The fault that `work` fails with; an issue when it does not fail, or with something else.
func fault(
    sourceLocation: SourceLocation = #_sourceLocation, isolation: isolated (any Actor)? = #isolation,
    of work: () async throws -> Void
) async -> Fault? {
    await #expect(throws: UpstreamFailure.self, sourceLocation: sourceLocation) { try await work() }?.fault
}

/// Reproducible bytes of any number, without a period that a lost or doubled block could hide in.
enum Pattern {
    static func bytes(_ count: Int) -> [UInt8] {
        Array(unsafeUninitializedCapacity: count) { buffer, initialized in
            for index in 0..<count / 8 {
                let word = (UInt64(index) &+ 1) &* 0x9E37_79B9_7F4A_7C15
                UnsafeMutableRawBufferPointer(buffer).storeBytes(of: word, toByteOffset: index * 8, as: UInt64.self)
            }
            for index in count / 8 * 8..<count { buffer[index] = UInt8(truncatingIfNeeded: index) }
            initialized = count
        }
    }
}
