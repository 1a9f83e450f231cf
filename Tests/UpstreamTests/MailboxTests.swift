import Core
import Gateway
import NIOCore
import Testing
@testable import Upstream

/// The machine between the engine's thread and a reader, without either.
@Suite struct MailboxTests {
    private static let start = ContinuousClock.now

    private static func head(_ status: Int = 200) -> Mailbox.Head { Mailbox.Head(status: status) }

    @Test func aStreamIsReadyAtItsFirstBytes() {
        let box = Box(isStream: true)
        #expect(!box.isReady)
        #expect(box.take().isNothing)
        #expect(box.deliver("a") == .taken)
        #expect(box.deliver("b") == .taken)
        #expect(box.isReady && box.hasBody && !box.isOver)
        #expect(box.head?.status == 200)
        #expect(box.take().text == "ab")
        #expect(!box.isReady)
        #expect(box.take().isNothing)
        box.end(.success(()), head: Self.head(500))
        #expect(box.isReady && box.isOver)
        #expect(box.head?.status == 200)
        #expect(box.take().isEnd)
        #expect(box.take().isEnd)
    }

    @Test func aWholeAnswerIsReadyAtItsEnd() {
        let box = Box(isStream: false)
        box.deliver("a")
        box.deliver("b")
        #expect(!box.isReady)
        #expect(box.take().isNothing)
        box.end(.success(()), head: Self.head())
        #expect(box.isReady)
        #expect(box.take().text == "ab")
        #expect(box.take().isEnd)
    }

    @Test func anAnswerWithoutABodyHasAHead() {
        let box = Box(isStream: true)
        box.end(.success(()), head: Self.head(204))
        #expect(box.head?.status == 204)
        #expect(box.take().isEnd)
        #expect(!box.hasBody)
    }

    @Test func bytesBeforeAFailureAreHandedOverFirst() {
        for isStream in [true, false] {
            let box = Box(isStream: isStream)
            box.deliver("a")
            box.end(.failure(UpstreamFailure(.cut, "cut")), head: Self.head())
            #expect(box.take().text == "a")
            #expect(box.take().fault == .cut)
            #expect(box.take().fault == .cut)
        }
    }

    @Test func aFailureBeforeTheHeadHasNone() {
        let box = Box(isStream: true)
        box.end(.failure(UpstreamFailure(.reset, "reset")), head: Self.head())
        #expect(box.head == nil)
        #expect(box.isReady)
        #expect(box.take().fault == .reset)
    }

    @Test func theFirstEndingCounts() {
        let box = Box(isStream: true)
        box.end(.failure(UpstreamFailure(.stall, "stall")), head: Self.head())
        box.end(.success(()), head: Self.head())
        #expect(box.take().fault == .stall)
    }

    @Test func aFullMailboxPausesUntilItIsEmptied() {
        let box = Box(isStream: true)
        let chunk = [UInt8](repeating: 1, count: 64 << 10)
        for _ in 0..<4 { #expect(box.deliver(chunk) == .taken) }
        #expect(box.deliver(chunk) == .pause)
        #expect(box.deliver(chunk) == .pause)
        guard case .bytes(let bytes, let resumes) = box.take() else { return #expect(Bool(false)) }
        #expect(bytes.readableBytes == Mailbox.highWater)
        #expect(resumes)
        #expect(box.deliver(chunk) == .taken)
        guard case .bytes(let next, let resumesAgain) = box.take() else { return #expect(Bool(false)) }
        #expect(next.readableBytes == chunk.count)
        #expect(!resumesAgain)
    }

    @Test func aWholeAnswerIsNeverPausedButBounded() {
        let box = Box(isStream: false)
        let mebibyte = [UInt8](repeating: 1, count: 1 << 20)
        for _ in 0..<64 { #expect(box.deliver(mebibyte) == .taken) }
        #expect(box.deliver("1") == .tooLarge)
    }

    @Test func aStreamIsBoundedInAll() {
        let box = Box(isStream: true)
        let mebibyte = [UInt8](repeating: 1, count: 1 << 20)
        for _ in 0..<256 {
            #expect(box.deliver(mebibyte) == .taken)
            _ = box.take()
        }
        #expect(box.deliver("1") == .tooLarge)
    }

    @Test func onlyAReaderThatWaitsExpires() {
        let box = Box(isStream: true)
        #expect(!box.expire(now: Self.start.advanced(by: .seconds(1000))))
        box.wait(until: Self.start.advanced(by: .seconds(1)))
        #expect(!box.expire(now: Self.start))
        box.deliver("a")
        _ = box.take()
        #expect(!box.expire(now: Self.start.advanced(by: .seconds(2))))
        box.wait(until: Self.start.advanced(by: .seconds(3)))
        #expect(!box.isReady)
        #expect(!box.expire(now: Self.start.advanced(by: .seconds(3))))
        #expect(box.isReady)
        #expect(!box.isOver)
        #expect(box.take().isLate)
    }

    @Test func aWaitThatIsOverEndsNeitherTheCallNorTheNextWait() {
        for isStream in [true, false] {
            let box = Box(isStream: isStream)
            box.wait(until: Self.start.advanced(by: .seconds(1)))
            #expect(!box.expire(now: Self.start.advanced(by: .seconds(1))))
            #expect(box.takeHead() == nil)
            #expect(box.take().isLate)
            #expect(box.take().isNothing)
            #expect(!box.isReady)
            box.deliver("late")
            box.end(.success(()), head: Self.head())
            #expect(box.take().text == "late")
            #expect(box.take().isEnd)
        }
    }

    @Test func whatCameJustAfterTheDeadlineIsTaken() {
        let box = Box(isStream: true)
        box.wait(until: Self.start)
        #expect(!box.expire(now: Self.start))
        box.deliver("a")
        #expect(box.takeHead()?.status == 200)
        #expect(box.take().text == "a")
        #expect(box.take().isNothing)
    }

    @Test func whatIsDiscardedIsDroppedUntilItsDeadline() {
        let box = Box(isStream: true)
        let chunk = [UInt8](repeating: 1, count: 512 << 10)
        box.deliver(chunk)
        #expect(box.deliver(chunk) == .pause)
        #expect(box.discard(until: Self.start.advanced(by: .seconds(1))))
        for _ in 0..<10 { #expect(box.deliver(chunk) == .taken) }
        #expect(!box.isReady)
        // The reader is gone already; letting go of the reply must not undo the discarding.
        #expect(!box.cancel())
        #expect(!box.expire(now: Self.start))
        #expect(box.expire(now: Self.start.advanced(by: .seconds(1))))
    }

    @Test func discardingWhatIsOverTellsNobody() {
        let box = Box(isStream: true)
        box.end(.success(()), head: Self.head())
        #expect(!box.discard(until: Self.start))
    }

    @Test func aCancelledReaderGetsNothing() {
        let box = Box(isStream: true)
        box.deliver("a")
        #expect(box.cancel())
        #expect(box.isReady)
        #expect(box.take().isCancelled)
        let over = Box(isStream: true)
        over.end(.success(()), head: Self.head())
        #expect(!over.cancel())
        #expect(over.take().isCancelled)
    }
}

/// A mailbox that expectations may change.
private final class Box {
    private var mailbox: Mailbox

    init(isStream: Bool) { mailbox = Mailbox(isStream: isStream) }

    var isReady: Bool { mailbox.isReady }
    var isOver: Bool { mailbox.isOver }
    var hasBody: Bool { mailbox.hasBody }
    var head: Mailbox.Head? { mailbox.head }

    @discardableResult
    func deliver(_ text: String) -> Mailbox.Delivery { deliver(Array(text.utf8)) }

    @discardableResult
    func deliver(_ bytes: [UInt8]) -> Mailbox.Delivery {
        bytes.withUnsafeBytes { mailbox.deliver($0, head: Mailbox.Head(status: 200)) }
    }

    func end(_ result: Result<Void, UpstreamFailure>, head: Mailbox.Head) { mailbox.end(result, head: head) }
    func expire(now: Instant) -> Bool { mailbox.expire(now: now) }
    func wait(until deadline: Instant) { mailbox.wait(until: deadline) }
    func take() -> Mailbox.Taken { mailbox.take() }
    func takeHead() -> Mailbox.Head? { mailbox.takeHead() }
    func discard(until deadline: Instant) -> Bool { mailbox.discard(until: deadline) }
    func cancel() -> Bool { mailbox.cancel() }
}

extension Mailbox.Taken {
    fileprivate var isNothing: Bool { if case .nothing = self { true } else { false } }
    fileprivate var isEnd: Bool { if case .end = self { true } else { false } }
    fileprivate var isLate: Bool { if case .late = self { true } else { false } }
    fileprivate var isCancelled: Bool { if case .cancelled = self { true } else { false } }
    fileprivate var text: String? { if case .bytes(let bytes, _) = self { String(buffer: bytes) } else { nil } }
    fileprivate var fault: Fault? { if case .failure(let failure) = self { failure.fault } else { nil } }
}
