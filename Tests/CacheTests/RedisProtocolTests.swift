import Cache
import NIOCore
import TestKit
import Testing

struct RedisProtocolTests {
    // MARK: Replies

    private static let bytes = Array(
        "+OK\r\n$5\r\nhe\r\no\r\n:-42\r\n$-1\r\n*-1\r\n-READONLY You can't\r\n$0\r\n\r\n*0\r\n*3\r\n:1\r\n*2\r\n+a\r\n$1\r\nb\r\n$-1\r\n".utf8)
    private static let replies: [RESPReply] = [
        .status("OK"), .bulk(ByteBuffer(string: "he\r\no")), .integer(-42), .null, .null,
        .failure(RedisRefusal("READONLY You can't")), .bulk(ByteBuffer()), .array([]),
        .array([.integer(1), .array([.status("a"), .bulk(ByteBuffer(string: "b"))]), .null]),
    ]

    private func read(_ pieces: [ArraySlice<UInt8>], by reader: ReplyReader) throws -> [RESPReply] {
        var replies: [RESPReply] = []
        for piece in pieces {
            try reader.feed(ByteBuffer(bytes: piece))
            while let reply = try reader.next() { replies.append(reply) }
        }
        return replies
    }

    @Test func readsRepliesHoweverTheyAreCut() throws {
        let bytes = Self.bytes
        for cut in 0...bytes.count {
            #expect(try read([bytes[..<cut], bytes[cut...]], by: ReplyReader(byteLimit: 100)) == Self.replies, "cut at \(cut)")
        }
        let single = bytes.indices.map { bytes[$0...$0] }
        #expect(try read(single, by: ReplyReader(byteLimit: 100)) == Self.replies)
    }

    @Test func readsALongRun() throws {
        let reader = ReplyReader(byteLimit: 200_000)
        let value = String(repeating: "x", count: 100_000)
        for _ in 0..<50 {
            let replies = try read([Array("$100000\r\n\(value)\r\n:7\r\n".utf8)[...]], by: reader)
            #expect(replies == [.bulk(ByteBuffer(string: value)), .integer(7)])
        }
    }

    @Test(arguments: [
        "HTTP/1.1 400 Bad Request\r\n\r\n", "\u{0}\u{1}", "$x\r\n", "*5000000\r\n", "*2\r\n*99999\r\n:1\r\n",
        String(repeating: "*1\r\n", count: 20), "$-7\r\n", ":\r\n", "+" + String(repeating: "x", count: 2000), "$2000000\r\n" + String(repeating: "x", count: 2000),
    ])
    func garbageIsAnError(_ text: String) throws {
        let reader = ReplyReader(byteLimit: 1000)
        #expect(throws: ReplyReader.Garbage.self) {
            // More of it must not mend it.
            for _ in 0..<3 { _ = try read([Array(text.utf8)[...]], by: reader) }
        }
    }

    @Test func randomBytesNeverCrash() {
        var random = SplitMix64(seed: 4)
        let alphabet = Array("*$:+-\r\n0123456789az".utf8)
        for _ in 0..<5000 {
            let reader = ReplyReader(byteLimit: 1000)
            let bytes = (0..<Int.random(in: 1...60, using: &random)).map { _ in alphabet.randomElement(using: &random)! }
            _ = try? read([bytes[...]], by: reader)
        }
    }

    // MARK: Commands

    @Test func writesCommands() {
        let command = RedisCommand("SET", "k\r\n", .bytes(ByteBuffer(bytes: [0, 255])), "", .number(-1))
        var wanted = ByteBuffer(string: "*5\r\n$3\r\nSET\r\n$3\r\nk\r\n\r\n$2\r\n")
        wanted.writeBytes([0, 255])
        wanted.writeString("\r\n$0\r\n\r\n$2\r\n-1\r\n")
        #expect(command.wire == wanted)
        #expect(RedisCommand("PING").wire == ByteBuffer(string: "*1\r\n$4\r\nPING\r\n"))
        let value = ByteBuffer(repeating: 7, count: 3_000_000)
        #expect(RedisCommand("SET", .bytes(value)).wire.readableBytes > 3_000_000)
    }

    // MARK: Refusals

    @Test(arguments: [
        ("READONLY You can't write against a read only replica.", RedisRefusal.Kind.replica),
        ("OOM command not allowed when used memory > 'maxmemory'. script: 9f, on @user_script:2.", .full),
        ("MISCONF Redis is configured to save RDB snapshots, but", .unsaved), ("NOREPLICAS Not enough good replicas", .unreplicated),
        ("NOAUTH Authentication required.", .authentication), ("WRONGPASS invalid username-password pair", .authentication),
        ("LOADING Redis is loading the dataset in memory", .loading), ("MASTERDOWN Link with MASTER is down", .loading),
        ("MOVED 3999 127.0.0.1:6381", .cluster), ("CROSSSLOT Keys in request don't hash to the same slot", .cluster),
        ("ERR SELECT is not allowed in cluster mode", .cluster), ("DENIED Redis is running in protected mode", .protected),
        ("ERR max number of clients reached", .tooManyClients), ("NOPERM this user has no permissions", .forbidden),
        ("NOSCRIPT No matching script. Please use EVAL.", .unknownScript), ("ERR unknown command", .other), ("", .other),
        ("ERR Error running script (call to f_1): @user_script:2: -OOM command not allowed when used memory", .full),
        ("ERR Error running script (call to f_1): @user_script:2: @user_script: 2: -READONLY You can't", .replica),
        ("ERR Error running script (call to f_1): @user_script:1: user_script:1: attempt to call", .other),
    ])
    func tellsRefusalsApart(_ message: String, _ kind: RedisRefusal.Kind) { #expect(RedisRefusal(message).kind == kind) }

    @Test func refusalsAreOneShortLine() {
        let message = RedisRefusal("ERR a\r\nb" + String(repeating: "x", count: 500)).message
        #expect(message.hasPrefix("ERR a  b") && message.unicodeScalars.count == 200)
    }
}
