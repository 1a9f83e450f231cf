/// Fills the required properties of a JSON schema with placeholders of the right type.
///
/// It knows `type`, `enum`, `const`, `required`, `items` with `minItems`, `anyOf`/`oneOf`/`allOf` (the first), local `$ref`s,
/// `minimum`, `maximum`, `maxLength` and the common formats: what structured outputs and tools use. A pattern is beyond it.
struct SchemaFiller {
    private let root: JSON
    /// Schemas may be recursive; this many values and levels are enough for a placeholder.
    private var budget = 256
    private static let depthLimit = 8

    init(schema: JSON) {
        root = schema
    }

    /// A value that fits the schema. When none of the required properties is a string, an optional one is filled in, so
    /// that the label has a place.
    static func object(for schema: JSON) -> JSON {
        var filler = SchemaFiller(schema: schema)
        let value = filler.value(for: schema, name: "value", depth: 0)
        guard case .object(var members) = value, !members.contains(where: { $0.value.text != nil }),
            case .object(let properties)? = schema["properties"],
            let optional = properties.first(where: { $0.value["type"]?.text == "string" })
        else { return value }
        members.append((optional.key, filler.value(for: optional.value, name: optional.key, depth: 1)))
        return .object(members)
    }

    private mutating func value(for schema: JSON, name: String, depth: Int) -> JSON {
        budget -= 1
        guard budget > 0, depth < Self.depthLimit else { return .null }
        if let constant = schema["const"] { return constant }
        if let first = schema["enum"]?.elements?.first { return first }
        if let reference = schema["$ref"]?.text {
            return value(for: resolve(reference), name: name, depth: depth + 1)
        }
        for word in ["anyOf", "oneOf", "allOf"] {
            if let first = schema[word]?.elements?.first { return value(for: first, name: name, depth: depth + 1) }
        }
        switch type(of: schema) {
        case "object": return object(for: schema, depth: depth)
        case "array": return array(for: schema, name: name, depth: depth)
        case "integer", "number": return number(for: schema)
        case "boolean": return true
        case "null": return .null
        default: return string(for: schema, name: name)
        }
    }

    private func type(of schema: JSON) -> String {
        if let type = schema["type"]?.text { return type }
        if let types = schema["type"]?.elements { return types.lazy.compactMap(\.text).first { $0 != "null" } ?? "null" }
        if schema["properties"] != nil { return "object" }
        return schema["items"] == nil ? "string" : "array"
    }

    private mutating func object(for schema: JSON, depth: Int) -> JSON {
        let required = schema["required"]?.elements?.compactMap(\.text) ?? []
        let properties = schema["properties"]
        var members: [(key: String, value: JSON)] = []
        for name in required.prefix(256) {
            members.append((name, value(for: properties?[name] ?? [:], name: name, depth: depth + 1)))
        }
        return .object(members)
    }

    private mutating func array(for schema: JSON, name: String, depth: Int) -> JSON {
        let count = min(max(schema["minItems"]?.double ?? 0, 0), 16)
        var elements: [JSON] = []
        while Double(elements.count) < count {
            elements.append(value(for: schema["items"] ?? [:], name: name, depth: depth + 1))
        }
        return .array(elements)
    }

    private func number(for schema: JSON) -> JSON {
        let floor = schema["minimum"]?.double ?? schema["exclusiveMinimum"]?.double.map { $0 + 1 } ?? 1
        let ceiling = schema["maximum"]?.double ?? schema["exclusiveMaximum"]?.double.map { $0 - 1 } ?? floor
        let number = min(floor, ceiling)
        if let integer = Int(exactly: number.rounded()), type(of: schema) == "integer" || Double(integer) == number {
            return .integer(integer)
        }
        return .number(number)
    }

    private func string(for schema: JSON, name: String) -> JSON {
        if let format = schema["format"]?.text, let example = Self.formats[format] { return .string(example) }
        let text = "\(DemoText.label) \(name)"
        guard let limit = schema["maxLength"]?.double, limit < Double(text.count) else { return .string(text) }
        return .string(String(text.prefix(Int(max(limit, 0)))))
    }

    /// Follows `#/$defs/name`; anything else has no answer here.
    private func resolve(_ reference: String) -> JSON {
        reference.split(separator: "/").dropFirst().reduce(root) { schema, step in schema[String(step)] ?? [:] }
    }

    private static let formats = [
        "date": "2026-01-01", "time": "00:00:00Z", "date-time": "2026-01-01T00:00:00Z", "duration": "PT1S",
        "email": "demo@example.com", "hostname": "example.com", "uri": "https://example.com/", "ipv4": "192.0.2.1",
        "ipv6": "2001:db8::1", "uuid": "00000000-0000-4000-8000-000000000000",
    ]
}
