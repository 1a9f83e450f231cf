/// Header fields in the order they were sent, repeated names and their capitals kept, so that tests can check either.
package struct HeaderList: Sendable, Equatable, ExpressibleByDictionaryLiteral, CustomStringConvertible {
    package struct Field: Sendable, Equatable {
        package let name: String
        package let value: String
    }

    package private(set) var fields: [Field]

    package init(_ fields: [(String, String)] = []) {
        self.fields = fields.map { Field(name: $0.0, value: $0.1) }
    }

    package init(dictionaryLiteral elements: (String, String)...) {
        self.init(elements)
    }

    /// The first value of that name in any capitals.
    package subscript(name: String) -> String? { self.all(name).first }

    /// Every value of that name in any capitals, in order.
    package func all(_ name: String) -> [String] {
        let wanted = name.lowercased()
        return self.fields.filter { $0.name.lowercased() == wanted }.map(\.value)
    }

    package mutating func append(_ name: String, _ value: String) {
        self.fields.append(Field(name: name, value: value))
    }

    /// The fields as they go over the wire, each line with its CRLF.
    package var description: String {
        self.fields.map { "\($0.name): \($0.value)\r\n" }.joined()
    }
}
