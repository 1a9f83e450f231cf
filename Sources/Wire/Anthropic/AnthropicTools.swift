import Core
import NIOCore

/// The tools that the model may call, and whether it must.
struct AnthropicTools {
    private(set) var definitions: [ByteBuffer] = []
    /// nil where the caller leaves it open, and where there is no tool to choose.
    private(set) var choice: ByteBuffer?
    /// Whether the model must call a tool, which rules thinking out.
    private(set) var forcesTool = false

    init(_ root: JSONValue) throws(GatewayError) {
        for (index, tool) in (try root.optional("tools", as: .array)?.children.map(\.self) ?? []).enumerated() {
            definitions.append(try Self.definition(tool, "tools[\(index)]"))
        }
        let isSingle = try root.optional("parallel_tool_calls", as: .boolean)?.bool == false
        guard !definitions.isEmpty else { return }
        let mode = try Mode(root["tool_choice"])
        forcesTool = mode?.forcesTool ?? false
        choice = mode.map { $0.json(isSingle: isSingle) } ?? (isSingle ? Mode.auto.json(isSingle: true) : nil)
    }

    /// A function as Anthropic has it. Anything else is Anthropic's own, a server tool for instance, and passes
    /// untouched. `strict` is left out: Anthropic compiles strict schemas of another dialect, and refuses the rest.
    private static func definition(_ tool: JSONValue, _ path: String) throws(GatewayError) -> ByteBuffer {
        guard tool.kind == .object else {
            throw .invalid(path, "'\(path)' must be an object, not \(tool.kind.withArticle).")
        }
        guard let function = tool["function"], function.kind == .object else {
            if tool["type"]?.string == "function" || tool["custom"] != nil {
                throw .invalid(path, "'\(path)' must be a function: this model's provider knows no other tool of OpenAI's.")
            }
            return tool.text
        }
        guard let name = function["name"], name.isNonEmptyString else {
            throw .missing("\(path).function.name", "'\(path).function' has no 'name'.")
        }
        let schema = try schema(function, "\(path).function.parameters")
        return JSONWriter.text { writer in
            writer.object {
                $0.member("name", name)
                $0.member("description", function["description"])
                $0.member("input_schema", schema)
                if tool["cache_control"] == nil { $0.member("cache_control", function["cache_control"]) }
                $0.members(of: tool, except: ["type", "function"])
            }
        }
    }

    /// The parameters' schema, which must say that it is an object's.
    private static func schema(_ function: JSONValue, _ path: String) throws(GatewayError) -> ByteBuffer {
        guard let parameters = function["parameters"], !parameters.isNull else {
            return ByteBuffer(string: #"{"type":"object","properties":{}}"#)
        }
        guard parameters.kind == .object else {
            throw .invalid(path, "'\(path)' must be an object, not \(parameters.kind.withArticle).")
        }
        if parameters["type"] != nil { return parameters.text }
        return JSONWriter.text { writer in
            writer.object {
                $0.member("type", "object")
                $0.members(of: parameters)
            }
        }
    }
}

/// `tool_choice`.
private enum Mode {
    case auto, none, any
    case tool(JSONValue)
    /// Anthropic's own.
    case own(JSONValue)

    init?(_ value: JSONValue?) throws(GatewayError) {
        guard let value, !value.isNull else { return nil }
        switch (value.string ?? value["type"]?.string, value.kind) {
        case ("auto", .string): self = .auto
        case ("none", .string): self = .none
        case ("required", .string), ("any", .string): self = .any
        case ("function", .object):
            guard let name = value["function"]?["name"], name.isNonEmptyString else {
                throw .missing("tool_choice.function.name", "'tool_choice' has no 'function' with a 'name'.")
            }
            self = .tool(name)
        case ("auto", .object), ("none", .object), ("any", .object), ("tool", .object): self = .own(value)
        default:
            throw .invalid(
                "tool_choice",
                "'tool_choice' must be 'auto', 'none', 'required' or a function: this model's provider knows no other.")
        }
    }

    var forcesTool: Bool {
        switch self {
        case .auto, .none: false
        case .any, .tool: true
        case .own(let value): value["type"]?.string == "any" || value["type"]?.string == "tool"
        }
    }

    func json(isSingle: Bool) -> ByteBuffer {
        JSONWriter.text { writer in
            writer.object {
                switch self {
                case .auto: $0.member("type", "auto")
                case .none: $0.member("type", "none")
                case .any: $0.member("type", "any")
                case .tool(let name):
                    $0.member("type", "tool")
                    $0.member("name", name)
                case .own(let value): $0.members(of: value)
                }
                guard isSingle, mayCall else { return }
                $0.key("disable_parallel_tool_use")
                $0.bool(true)
            }
        }
    }

    /// Whether it makes sense to say how many tools may be called at once, and nobody said so yet.
    private var mayCall: Bool {
        switch self {
        case .none: false
        case .own(let value): value["type"]?.string != "none" && value["disable_parallel_tool_use"] == nil
        default: true
        }
    }
}
