import NIOCore
import TestKit
import Testing
import Wire

/// Changes at some places; all other bytes stay.
@Suite struct JSONEditsTests {
    /// `text` after the edits that `make` chose by looking at its root; it must be a document.
    private func edited(_ text: String, _ make: (inout JSONEdits, JSONValue) throws -> Void) throws -> String {
        let document = try JSONDocument(ByteBuffer(string: text))
        var edits = JSONEdits()
        try make(&edits, document.root)
        let result = edits.applied(to: document).asString
        #expect(isRead(result.utf8), "\(result)")
        return result
    }

    private func buffer(_ text: String) -> ByteBuffer { ByteBuffer(string: text) }

    @Test func withoutEditsNothingChanges() throws {
        #expect(try edited(richJSON) { _, _ in } == richJSON)
    }

    @Test func replacesAValue() throws {
        let result = try edited(#" { "model" : "a" , "b":[1, 2],"c": 1e5 } "#) { edits, root in
            edits.replace(try #require(root["model"]).range, with: buffer(#""longer name""#))
        }
        #expect(result == #" { "model" : "longer name" , "b":[1, 2],"c": 1e5 } "#)
    }

    @Test func theOrderOfReplacementsDoesNotMatter() throws {
        for names in [["a", "b", "c"], ["c", "a", "b"], ["b", "c", "a"]] {
            let result = try edited(#"{"a":1,"b":[],"c":"x"}"#) { edits, root in
                for name in names { edits.replace(try #require(root.member(name)).range, with: buffer(#""\#(name)""#)) }
            }
            #expect(result == #"{"a":"a","b":"b","c":"c"}"#)
        }
    }

    @Test(arguments: [
        ("{}", #"{"m":0}"#), ("{ }", #"{"m":0 }"#), (#"{"a":1}"#, #"{"m":0,"a":1}"#),
        (#"{ "a":1 }"#, #"{"m":0, "a":1 }"#),
        ("{\n  \"a\": {}\n}", "{\"m\":0,\n  \"a\": {}\n}"),
    ])
    func insertsAMember(text: String, expected: String) throws {
        #expect(try edited(text) { $0.insertMember(buffer(#""m":0"#), into: $1) } == expected)
    }

    @Test(arguments: [("[]", "[9]"), ("[ \n]", "[9 \n]"), ("[1]", "[9,1]"), ("[ [] , 2 ]", "[9, [] , 2 ]")])
    func insertsAnElement(text: String, expected: String) throws {
        #expect(try edited(text) { $0.insertElement(buffer("9"), into: $1) } == expected)
    }

    @Test(arguments: [("[]", "[3,2,1]"), ("[0]", "[3,2,1,0]")])
    func eachInsertionGoesToTheFront(text: String, expected: String) throws {
        let result = try edited(text) { edits, root in
            for element in ["1", "2", "3"] { edits.insertElement(buffer(element), into: root) }
        }
        #expect(result == expected)
    }

    @Test func insertsIntoNestedContainersAtOnce() throws {
        let result = try edited(#"{"o":{},"l":[[]],"m":{"x":1}}"#) { edits, root in
            edits.insertMember(buffer(#""r":1"#), into: root)
            edits.insertMember(buffer(#""a":2"#), into: try #require(root["o"]))
            edits.insertElement(buffer("3"), into: try #require(root["l"]))
            edits.insertElement(buffer("4"), into: try #require(root["l"]?.firstChild))
            edits.insertMember(buffer(#""b":5"#), into: try #require(root["m"]))
            edits.insertMember(buffer(#""c":6"#), into: try #require(root["o"]))
        }
        #expect(result == #"{"r":1,"o":{"c":6,"a":2},"l":[3,[4]],"m":{"b":5,"x":1}}"#)
    }

    /// The insertion's place is where the replaced element starts.
    @Test(arguments: [true, false])
    func replacesTheFirstElementAndInsertsBeforeIt(insertsFirst: Bool) throws {
        let result = try edited("[1,2]") { edits, root in
            if insertsFirst { edits.insertElement(buffer("0"), into: root) }
            edits.replace(try #require(root.firstChild).range, with: buffer("9"))
            if !insertsFirst { edits.insertElement(buffer("0"), into: root) }
        }
        #expect(result == "[0,9,2]")
    }

    @Test func insertionsAtOnePlaceKeepTheirOrder() throws {
        let result = try edited("[1]") { edits, _ in
            edits.replace(2..<2, with: buffer(",2"))
            edits.replace(2..<2, with: buffer(",3"))
        }
        #expect(result == "[1,2,3]")
    }

    @Test func replacesTheRoot() throws {
        #expect(try edited(" [1] ") { $0.replace($1.range, with: buffer("{}")) } == " {} ")
    }

    @Test func aBufferWithBytesInFrontIsEditedTheSame() throws {
        var bytes = ByteBuffer(string: "xxxx[1,2]")
        bytes.moveReaderIndex(forwardBy: 4)
        let document = try JSONDocument(bytes)
        var edits = JSONEdits()
        edits.replace(1..<2, with: buffer("7"))
        #expect(edits.applied(to: document).asString == "[7,2]")
    }

    // MARK: Removing

    /// All sets of members, in several styles: what is left is what would have been written without them.
    @Test(arguments: [("", "", "", ""), (" ", " ", " ", " "), ("\n  ", "", "\t", ""), ("", "\n", "", "  ")])
    func membersAreRemovedWithTheirCommas(before: String, behind: String, afterColon: String, inFront: String) throws {
        let values = ["1", #""a,b}""#, #"{"x":[1,2]}"#, "[ ]"]
        for count in 0...values.count {
            let members = (0..<count).map { "\(before)\"k\($0)\"\(inFront):\(afterColon)\(values[$0])\(behind)" }
            let text = "{\(members.joined(separator: ","))\(count == 0 ? before : "")}"
            for set in 0..<(1 << count) {
                let names = Set((0..<count).filter { set & 1 << $0 != 0 }.map { "k\($0)" })
                let result = try edited(text) { $0.remove(names, from: $1) }
                let left = try JSONDocument(ByteBuffer(string: result)).root
                let kept = (0..<count).filter { !names.contains("k\($0)") }
                #expect(left.children.map { $0.key } == kept.map { "k\($0)" }, "\(text) without \(names): \(result)")
                #expect(left.children.map { String(buffer: $0.text) } == kept.map { values[$0] })
            }
        }
    }

    @Test func aNameThatStandsTwiceOrIsEscapedIsRemovedEverywhere() throws {
        #expect(try edited(#"{"a":1,"b":2,"\u0061":3,"c":4,"a":5}"#) { $0.remove(["a"], from: $1) } == #"{"b":2,"c":4}"#)
    }

    @Test func randomEditsLeaveEveryOtherByte() throws {
        var random = SplitMix64(seed: 7)
        for seed in 0..<400 as Range<UInt64> {
            let source = RandomJSON(seed: 9000 + seed).bytes
            let document = try JSONDocument(ByteBuffer(bytes: source))
            var edits = JSONEdits()
            var expected = source
            // From the back, so that the places before stay where they are; none inside another.
            var limit = source.count
            for value in document.root.withDescendants.reversed() {
                guard value.range.upperBound <= limit, Int.random(in: 0..<4, using: &random) == 0 else { continue }
                if value.kind == .array, Bool.random(using: &random) {
                    let at = value.range.lowerBound + 1
                    edits.insertElement(buffer("[42]"), into: value)
                    expected.insert(contentsOf: (value.isEmpty ? "[42]" : "[42],").utf8, at: at)
                } else {
                    edits.replace(value.range, with: buffer(#""new""#))
                    expected.replaceSubrange(value.range, with: #""new""#.utf8)
                }
                limit = value.range.lowerBound
            }
            let result = edits.applied(to: document)
            try #require(result == ByteBuffer(bytes: expected), "seed \(seed)")
            try #require(isRead(expected), "seed \(seed)")
        }
    }
}
