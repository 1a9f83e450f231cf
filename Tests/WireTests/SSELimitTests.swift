import NIOCore
import Testing
import Wire

/// A provider that never ends an event, or never begins one.
@Suite struct SSELimitTests {
    private let mebibyte = ByteBuffer(repeating: UInt8(ascii: "x"), count: 1 << 20)

    /// Feeds `chunk` again and again; how many went in before the parser gave up, and the most it held.
    private func feed(_ chunk: ByteBuffer, times: Int, to parser: inout SSEParser) -> (fed: Int, held: Int, events: Int) {
        var (held, events) = (0, 0)
        for fed in 0..<times {
            parser.append(chunk)
            do {
                while try parser.next() != nil { events += 1 }
            } catch {
                return (fed, held, events)
            }
            held = max(held, parser.bytesPending)
        }
        return (times, held, events)
    }

    @Test func anEventOfTheLimitsSizeFits() throws {
        var parser = SSEParser()
        parser.append(ByteBuffer(string: "data: "))
        let result = feed(mebibyte, times: 7, to: &parser)
        #expect(result.fed == 7)
        parser.append(ByteBuffer(string: "\n\n"))
        #expect(try parser.next()?.data.readableBytes == 7 << 20)
        #expect(parser.bytesPending == 0)
    }

    @Test func aLineWithoutEndIsRefused() {
        var parser = SSEParser()
        parser.append(ByteBuffer(string: "data: "))
        let result = feed(mebibyte, times: 100, to: &parser)
        #expect(result.fed == 7)
        #expect(result.held <= SSEParser.eventLimit)
    }

    @Test func anEventWithoutEndIsRefused() {
        var line = ByteBuffer(string: "data: ")
        line.writeRepeatingByte(UInt8(ascii: "y"), count: 65_000)
        line.writeStaticString("\n")
        var parser = SSEParser()
        let result = feed(line, times: 1000, to: &parser)
        #expect(result.fed < 130)
        #expect(result.held <= SSEParser.eventLimit)
    }

    @Test(arguments: [": ping\n\n", "\n", "\r\n", "id: 1\n\n", "event: ping\r\n\r\n"])
    func endlessEventsWithoutDataTakeNoMemory(text: String) {
        let chunk = ByteBuffer(string: String(repeating: text, count: 1000))
        var parser = SSEParser()
        let result = feed(chunk, times: 20, to: &parser)
        #expect(result.fed == 20)
        #expect(result.held < 64)
        #expect(result.events == 0)
    }

    @Test func endlessCommentLinesAreBounded() {
        // Without a blank line they belong to one event, which may not be larger than others.
        let line = ": " + String(repeating: "ping ", count: 200) + "\n"
        let chunk = ByteBuffer(string: String(repeating: line, count: 100))
        var parser = SSEParser()
        let result = feed(chunk, times: 1000, to: &parser)
        #expect(result.fed < 1000)
        #expect(result.held <= SSEParser.eventLimit)
    }

    @Test func aLongStreamLeavesNothingBehind() {
        let chunk = ByteBuffer(string: String(repeating: "data: {\"a\":1}\n\n", count: 1000) + "data: {\"half\":")
        let rest = ByteBuffer(string: "1}\n\n")
        var parser = SSEParser()
        var events = 0
        for _ in 0..<10 {
            events += feed(chunk, times: 1, to: &parser).events
            #expect(parser.bytesPending == 14)
            events += feed(rest, times: 1, to: &parser).events
            #expect(parser.bytesPending == 0)
        }
        #expect(events == 10 * 1001)
    }
}
