import Core
import NIOCore

/// What `response_format` becomes.
///
/// Anthropic constrains answers by a schema (`output_config.format`), in a dialect of JSON Schema and on some models
/// only. A strict schema on a model that the catalogue marks for it is sent so; anything else becomes an instruction,
/// since Anthropic has no mode for JSON without a schema, and its dialect closes every object.
struct AnthropicFormat {
    /// `output_config.format`.
    private(set) var schema: ByteBuffer?
    private(set) var instruction: String?

    init(_ root: JSONValue, model: Model) throws(GatewayError) {
        guard let format = try root.optional("response_format", as: .object) else { return }
        switch format["type"]?.string {
        case "text": break
        case "json_object":
            instruction = "Answer with one valid JSON object and nothing else: no explanation, no code fence."
        case "json_schema":
            let wrapper = format["json_schema"]
            guard let schema = wrapper?["schema"], schema.kind == .object else {
                throw .missing("response_format.json_schema.schema", "'response_format.json_schema' has no 'schema'.")
            }
            if wrapper?["strict"]?.bool == true, model.abilities.contains(.responseSchema) {
                self.schema = JSONWriter.text { writer in
                    writer.object {
                        $0.member("type", "json_schema")
                        $0.key("schema")
                        $0.schema(schema)
                    }
                }
            } else {
                instruction = """
                    Answer with one JSON value that is valid under this JSON Schema and nothing else: no explanation, \
                    no code fence.

                    \(String(buffer: schema.text))
                    """
            }
        default:
            throw .invalid("response_format.type", "'response_format.type' must be text, json_object or json_schema.")
        }
    }
}

extension JSONWriter {
    /// A schema in the dialect that Anthropic compiles: objects are closed, and rules that it does not know move into
    /// the description, where the model at least reads them. (Anthropic's own SDKs do the same.)
    fileprivate mutating func schema(_ schema: JSONValue) {
        guard schema.kind == .object else { return json(schema.text) }
        var rules: [String] = []
        object { writer in
            for member in schema.children {
                guard let key = member.key else { continue }
                switch Keyword(key, member) {
                case .copied: writer.key(dynamic: key)
                    writer.json(member.text)
                case .schema: writer.key(dynamic: key)
                    writer.schema(member)
                case .schemas: writer.key(dynamic: key == "oneOf" ? "anyOf" : key)
                    writer.array { writer in for child in member.children { writer.schema(child) } }
                case .namedSchemas: writer.key(dynamic: key)
                    writer.object { writer in
                        for child in member.children {
                            writer.key(dynamic: child.key ?? "")
                            writer.schema(child)
                        }
                    }
                case .rule: rules.append("\(key): \(String(buffer: member.text))")
                case .left: break
                }
            }
            if schema["properties"] != nil || schema["type"]?.string == "object" {
                writer.key("additionalProperties")
                writer.bool(false)
            }
            let text = [schema["description"]?.string, rules.isEmpty ? nil : "{\(rules.joined(separator: ", "))}"]
            let description = text.compactMap(\.self).joined(separator: "\n\n")
            if !description.isEmpty { writer.member("description", description) }
        }
    }
}

/// What becomes of a schema's keyword.
private enum Keyword {
    case copied, schema, schemas, namedSchemas, rule, left

    private static let formats: Set<String> = [
        "date-time", "time", "date", "duration", "email", "hostname", "uri", "ipv4", "ipv6", "uuid",
    ]

    init(_ name: String, _ value: JSONValue) {
        self =
            switch name {
            case "type", "enum", "const", "title", "default", "required", "$ref": .copied
            case "items": .schema
            case "anyOf", "oneOf", "allOf": .schemas
            case "properties", "$defs", "definitions": .namedSchemas
            case "format": Self.formats.contains(value.string ?? "") ? .copied : .rule
            case "minItems": value.int == 0 || value.int == 1 ? .copied : .rule
            // Written anew.
            case "additionalProperties", "description": .left
            case "$schema", "$id", "$comment": .left
            default: .rule
            }
    }
}
