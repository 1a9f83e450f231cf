@testable import Edge
import NIOCore
import Testing

/// Names of requests and pieces of answers.
@Suite struct WritingTests {
    // MARK: Names

    @Test func namesAreNewEachTime() {
        let names = (0..<1000).map { _ in RequestIdentifier.next() }
        #expect(Set(names).count == 1000)
        for name in names {
            #expect(name.utf8.count == 4 + 16 + 8)
            #expect(name.hasPrefix("req_") && name.dropFirst(4).allSatisfy { "0123456789abcdef".contains($0) })
            // A name that is passed on to another gateway is kept there.
            #expect(RequestIdentifier.accepted(name) == name)
        }
        #expect(Set(names.map { $0.prefix(20) }).count == 1)
    }

    @Test func callersNamesAreKeptWhereTheyCanStandInALine() {
        for name in ["a", "A-z_0.9", "550e8400-e29b-41d4-a716-446655440000", String(repeating: "x", count: 128)] {
            #expect(RequestIdentifier.accepted(name) == name)
        }
        for name in ["", " ", "a b", "a\r\nb", "a\"b", "ü", "a/b", "a@", "[", "`", "{", "a\u{0}", String(repeating: "x", count: 129)] {
            #expect(RequestIdentifier.accepted(name) == nil, "\(name)")
        }
        #expect(RequestIdentifier.accepted(nil) == nil)
    }

    // MARK: Chunks

    @Test(arguments: [(1, "1"), (9, "9"), (10, "a"), (16, "10"), (255, "ff"), (65536, "10000"), (1_000_000, "f4240")])
    func aChunkIsFramed(size: Int, digits: String) {
        let chunk = ResponseWriter.chunk(ByteBuffer(repeating: UInt8(ascii: "x"), count: size))
        #expect(String(buffer: chunk) == "\(digits)\r\n" + String(repeating: "x", count: size) + "\r\n")
    }

    @Test func aChunkIsMadeOfWhatIsLeftToRead() {
        var bytes = ByteBuffer(string: "read\r\n0\r\n\r\n")
        bytes.moveReaderIndex(forwardBy: 4)
        #expect(String(buffer: ResponseWriter.chunk(bytes)) == "7\r\n\r\n0\r\n\r\n\r\n")
        #expect(bytes.readableBytes == 7)
    }
}
