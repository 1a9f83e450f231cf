import Core
@testable import Gateway
import NIOCore
import Testing
import Wire

private typealias Log = FlightLog<AnswerStream.Part>

/// What a flight keeps, and when the provider has to wait.
@Suite struct FlightLogTests {
    private func entry(_ number: Int = 0, bytes: Int, isUsageOnly: Bool = false) -> Log.Entry {
        Log.Entry(part: .resumed(Resumption(model: "\(number)", by: .restart)), isUsageOnly: isUsageOnly, bytes: bytes)
    }

    private func numbers(_ entries: [Log.Entry]?) -> [Int]? { entries?.map(\.number) }

    @Test func everyReaderGetsEverythingInOrder() {
        var log = Log()
        var (early, late) = (Log.Position(), Log.Position())
        #expect(numbers(log.read(from: &early)) == [])
        for number in 0..<3 { log.append(entry(number, bytes: 10)) }
        #expect(numbers(log.read(from: &early)) == [0, 1, 2])
        log.append(entry(3, bytes: 10))
        #expect(numbers(log.read(from: &early)) == [3])
        #expect(!log.hasNews(behind: early) && log.hasNews(behind: late))
        #expect(numbers(log.read(from: &late)) == [0, 1, 2, 3])
    }

    @Test func aBatchIsBounded() {
        var log = Log()
        for number in 0..<600 { log.append(entry(number, bytes: 1)) }
        var position = Log.Position()
        var sizes: [Int] = []
        var read: [Int] = []
        while let batch = numbers(log.read(from: &position)), !batch.isEmpty {
            sizes.append(batch.count)
            read += batch
        }
        #expect(sizes == [256, 256, 88] && read == Array(0..<600))
    }

    @Test func theQuickestReaderSetsThePace() {
        var log = Log()
        var (quick, slow) = (Log.Position(), Log.Position())
        log.append(entry(bytes: Log.window))
        #expect(!log.isAhead, "just as far as allowed")
        log.append(entry(bytes: 1))
        #expect(log.isAhead)
        _ = log.read(from: &quick)
        #expect(!log.isAhead, "one has read it all")
        log.append(entry(bytes: Log.window + 1))
        #expect(log.isAhead)
        _ = log.read(from: &slow)
        #expect(!log.isAhead, "it has overtaken the other")
    }

    @Test func aLogIsWholeUpToItsLimit() {
        var log = Log()
        var (quick, slow) = (Log.Position(), Log.Position())
        log.append(entry(0, bytes: Log.window))
        log.append(entry(1, bytes: Log.wholeLimit))
        #expect(log.isWhole && numbers(log.read(from: &quick)) == [0, 1])
        log.append(entry(2, bytes: 1))
        #expect(!log.isWhole && log.chunks == nil)
        #expect(log.size == 1, "what is left has the limit's size at most")
        #expect(numbers(log.read(from: &quick)) == [2], "the rest is where it was")
        #expect(log.hasNews(behind: slow) && log.read(from: &slow) == nil, "what it is to read is gone")
    }

    @Test func whatAllHaveReadCanBeForgotten() {
        var log = Log()
        var (quick, slow) = (Log.Position(), Log.Position())
        log.append(entry(0, bytes: 10))
        _ = log.read(from: &slow)
        log.append(entry(1, bytes: 20))
        _ = log.read(from: &quick)
        log.forget(readBy: [Log.Position()])
        #expect(log.isWhole, "somebody has read nothing")
        log.forget(readBy: [quick, slow])
        #expect(!log.isWhole && log.size == 20)
        #expect(numbers(log.read(from: &slow)) == [1])
    }

    @Test func chunksAreThoseOfEvents() throws {
        var parser = SSEParser()
        parser.append(ByteBuffer(string: "data: a\n\ndata: b\n\ndata: c\n\n"))
        var events: [SSEEvent] = []
        while let event = try parser.next() { events.append(event) }
        var log = Log()
        log.append(Log.Entry(part: .events(Array(events[..<2])), isUsageOnly: false, bytes: 2))
        log.append(entry(bytes: 0))
        log.append(Log.Entry(part: .events([events[2]]), isUsageOnly: true, bytes: 1))
        #expect(log.chunks == events)
    }
}

extension FlightLog<AnswerStream.Part>.Entry {
    /// What a test gave it to be known by.
    var number: Int { if case .resumed(let resumption) = part { Int(resumption.model) ?? -1 } else { -1 } }
}
