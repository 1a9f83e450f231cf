package import Core
package import NIOCore

/// The monotonic time that deadlines are given in.
package typealias Instant = ContinuousClock.Instant

/// One call of a provider, ready to be sent.
package struct UpstreamCall: Sendable {
    package enum Kind: Sendable {
        /// Its chat completions or messages, by `POST`.
        case chat
        /// Its list of models, by `GET` and without a body: the cheapest sign of life.
        case models
    }

    package var kind = Kind.chat
    /// The provider's way in, as the catalogue calls it.
    package let access: String
    /// A JSON body for its chat completions.
    package let body: ByteBuffer
    /// Whether the answer is wanted as it arrives, or whole.
    package let isStream: Bool
    /// To a usable connection.
    package let connectTimeout: Duration
    /// When to stop waiting for a free place among the provider's connections.
    package let acquireBy: Instant
}

/// Why a call ended without an answer.
package struct UpstreamFailure: Error, Sendable, Equatable {
    package let fault: Fault
    /// In the transport's own words, for logs; holds no secrets.
    package let detail: String

    package init(_ fault: Fault, _ detail: String) {
        self.fault = fault
        self.detail = detail
    }
}

/// How busy the connections by one of a provider's ways in are.
package struct PoolReport: Sendable, Equatable {
    package let access: String
    /// Calls under way.
    package let inUse: Int
    /// Open connections that no call uses.
    package let idle: Int
    /// Calls that wait for a place.
    package let waiting: Int
    /// Most calls at once.
    package let limit: Int

    package init(access: String, inUse: Int, idle: Int, waiting: Int, limit: Int) {
        self.access = access
        self.inUse = inUse
        self.idle = idle
        self.waiting = waiting
        self.limit = limit
    }
}

/// The way to the providers (a port: `Upstream` implements it over libcurl, tests with scripts).
package protocol ProviderCalls: Sendable {
    /// Sends a call.
    ///
    /// - Throws: ``UpstreamFailure`` where it cannot be sent at all, or `CancellationError`.
    func begin(_ call: UpstreamCall) throws -> any BegunCall

    /// One report a way in, in the order of their ids.
    var pools: [PoolReport] { get }
}

extension ProviderCalls {
    /// Sends a call and waits for the head of its answer.
    ///
    /// - Throws: ``UpstreamFailure``, or `CancellationError`.
    package func send(_ call: UpstreamCall, by deadline: Instant) async throws -> any ProviderReply {
        try await begin(call).reply(by: deadline)
    }
}

/// A call under way whose answer has not begun. Letting go of it ends the call.
package protocol BegunCall: AnyObject, Sendable {
    /// Waits for the head of the answer: for a stream until its first bytes are there, else until the whole answer is. Whoever
    /// gets it holds the call from then on.
    ///
    /// Cancelling the task ends the call.
    ///
    /// - Throws: ``UpstreamFailure``, or `CancellationError`. A stall when nothing comes by `deadline`: then the call goes
    ///   on, and may be asked again.
    func reply(by deadline: Instant) async throws -> any ProviderReply
}

/// A provider's answer as it arrives. Letting go of it ends the call.
package protocol ProviderReply: AnyObject, Sendable {
    var status: Int { get }
    /// How long the provider asks to wait (`retry-after-ms`, `retry-after` in seconds or as a date).
    var retryAfter: Duration? { get }
    /// Whether the provider says that it is a stream of events.
    var isEventStream: Bool { get }

    /// The bytes that came since the last call; suspends until there are some, nil at the end. A reader that is
    /// slower than the provider slows the provider down.
    ///
    /// - Throws: ``UpstreamFailure``, or `CancellationError`. A stall when nothing comes by `deadline`: then the call goes
    ///   on, and may be asked again.
    func next(by deadline: Instant) async throws -> ByteBuffer?

    /// Nothing more is wanted. The connection is kept where the answer ends by itself at once.
    func finish()
}

/// Where outcomes go (a port: `Telemetry` implements it).
package protocol OutcomeSink: Sendable {
    /// Takes an outcome. Returns at once; called once for every request that reached a plan.
    func record(_ outcome: Outcome)
}
