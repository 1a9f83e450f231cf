import Foundation
import NIOCore
import Wire

/// A file of requests, one chat-completions body in JSON a line. Blank lines count as lines, and as nothing else.
struct WarmFile {
    private let data: Data
    /// Lines that are not blank.
    let count: Int

    init(_ data: Data) {
        self.data = data
        count = data.split(separator: UInt8(ascii: "\n")).count { !Self.isBlank($0) }
    }

    /// A line's number from 1, and its request or what is wrong with it.
    typealias Line = (number: Int, request: Result<ByteBuffer, ClientFault>)

    /// The lines in order, each read when it is asked for.
    var lines: some Sequence<Line> {
        data.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false).enumerated().lazy
            .filter { !Self.isBlank($0.element) }
            .map { ($0.offset + 1, Self.request($0.element)) }
    }

    private static func isBlank(_ line: Data) -> Bool { line.allSatisfy { " \t\r".utf8.contains($0) } }

    /// The request to send: as it stands there, but in one piece, since nobody reads along.
    private static func request(_ line: Data) -> Result<ByteBuffer, ClientFault> {
        let document: JSONDocument
        do { document = try JSONDocument(ByteBuffer(bytes: line)) } catch {
            return .failure(ClientFault("\(error.problem.rawValue), at byte \(error.offset)"))
        }
        guard document.root.kind == .object else { return .failure(ClientFault("a request is a JSON object")) }
        guard document.root["messages"]?.kind == .array else { return .failure(ClientFault("'messages' is missing")) }
        var edits = JSONEdits()
        if let stream = document.root["stream"] { edits.replace(stream.range, with: ByteBuffer(string: "false")) }
        edits.remove(["stream_options"], from: document.root)
        return .success(edits.applied(to: document))
    }
}
