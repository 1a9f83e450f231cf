package import Core
import NIOCore

extension Agreement {
    /// The same JSON value, however it is written; also where it stands in a block of code.
    package static let json = Agreement(name: "json") { answer in
        let fenced = answer.firstMatch(of: /```(?:json)?\s*\n([\s\S]*?)```/).map { String($0.1) }
        guard let document = try? JSONDocument(ByteBuffer(string: fenced ?? answer)) else { return nil }
        return document.withCanonicalBytes(leavingOut: CanonicalOmissions(names: [])) { Hexadecimal.text($0) }
    }
}
