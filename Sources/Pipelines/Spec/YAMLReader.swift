internal import CYaml
import Stages

/// Reads one YAML document into `ConfigValue`s, under limits: 1 MiB of text, 50 levels, 10,000 nodes counted
/// after aliases are expanded (an alias costs what it stands for, before it is expanded). Only the tags of the
/// core schema; no merge keys, no several documents, no alias to what is still open.
@safe struct YAMLReader {
  static let maximumBytes = 1 << 20
  static let maximumDepth = 50
  static let maximumNodes = 10_000

  /// Keys that stand twice in a mapping: reported, the first one counts.
  private(set) var duplicates: [PlanError] = []

  private struct Anchored {
    let value: ConfigValue
    let nodes: Int
    let height: Int
  }
  private var anchors: [String: Anchored] = [:]
  private var open: Set<String> = []
  private var nodes = 0

  /// - Returns: the document; nil when the text has none.
  /// - Throws: `PlanError` with the place.
  static func read(_ bytes: [UInt8]) throws(PlanError) -> (root: ConfigValue?, duplicates: [PlanError]) {
    guard bytes.count <= maximumBytes else {
      throw PlanError(
        "the pipeline has \(bytes.count) bytes; at most \(maximumBytes) are read",
        at: Mark(line: 1, column: 1))
    }
    if let place = firstBadUTF8(bytes) {
      throw PlanError("the text is not UTF-8 here", at: place, remedy: "save the file as UTF-8")
    }
    var reader = YAMLReader()
    let root = try bytes.withUnsafeBufferPointer { buffer throws(PlanError) -> ConfigValue? in
      let source = unsafe EventSource(buffer)
      return try reader.document(source)
    }
    return (root, reader.duplicates)
  }

  private mutating func document(_ source: EventSource) throws(PlanError) -> ConfigValue? {
    guard case .streamStart = try source.next().kind else { return nil }
    let first = try source.next()
    guard case .documentStart = first.kind else { return nil }
    let root = try value(of: try source.next(), source, depth: 1).value
    _ = try source.next()
    let last = try source.next()
    guard case .streamEnd = last.kind else {
      throw PlanError("a second document begins here; a pipeline is one document", at: last.mark)
    }
    return root
  }

  private mutating func count(_ more: Int, at mark: Mark) throws(PlanError) {
    nodes += more
    guard nodes <= Self.maximumNodes else {
      throw PlanError(
        "more than \(Self.maximumNodes) values after aliases are expanded", at: mark,
        remedy: "write the pipeline without nested aliases")
    }
  }

  private mutating func value(of event: YAMLEvent, _ source: EventSource, depth: Int)
    throws(PlanError) -> Anchored
  {
    guard depth <= Self.maximumDepth else {
      throw PlanError("more than \(Self.maximumDepth) levels of nesting", at: event.mark)
    }
    if case .alias(let name) = event.kind { return try alias(name, event.mark, depth: depth) }
    try count(1, at: event.mark)
    let before = nodes
    if let anchor = event.anchor { open.insert(anchor) }
    var height = 1
    let content: ConfigValue.Content
    switch event.kind {
    case .scalar(let text, let isPlain): content = try scalar(text, isPlain: isPlain, event)
    case .sequenceStart:
      try checkTag(event, allowed: "seq")
      var elements: [ConfigValue] = []
      while true {
        let next = try source.next()
        if case .sequenceEnd = next.kind { break }
        let element = try value(of: next, source, depth: depth + 1)
        height = max(height, element.height + 1)
        elements.append(element.value)
      }
      content = .sequence(elements)
    case .mappingStart:
      try checkTag(event, allowed: "map")
      var entries: [ConfigValue.Entry] = []
      var seen: [String: Mark] = [:]
      while true {
        let next = try source.next()
        if case .mappingEnd = next.kind { break }
        let key = try value(of: next, source, depth: depth + 1)
        guard case .scalar(let name, _) = key.value.content else {
          throw PlanError("a key must be plain text, found \(key.value.kindName)", at: next.mark)
        }
        let element = try value(of: try source.next(), source, depth: depth + 1)
        height = max(height, element.height + 1)
        if let first = seen[name] {
          duplicates.append(
            PlanError(
              "the key `\(name)` stands twice", at: next.mark, subject: name,
              remedy: "remove one; the other is at \(first)"))
          continue
        }
        seen[name] = next.mark
        entries.append(.init(key: name, keyMark: next.mark, value: element.value))
      }
      content = .mapping(entries)
    default:
      throw PlanError("a value is expected here", at: event.mark)
    }
    let result = Anchored(
      value: ConfigValue(content, event.mark), nodes: nodes - before + 1, height: height)
    if let anchor = event.anchor {
      open.remove(anchor)
      anchors[anchor] = result
    }
    return result
  }

  private mutating func alias(_ name: String, _ mark: Mark, depth: Int) throws(PlanError) -> Anchored {
    guard !open.contains(name) else {
      throw PlanError("the alias `*\(name)` stands inside of what it names: a cycle", at: mark)
    }
    guard let target = anchors[name] else {
      throw PlanError("the alias `*\(name)` names nothing above it", at: mark)
    }
    try count(target.nodes, at: mark)
    guard depth + target.height - 1 <= Self.maximumDepth else {
      throw PlanError("more than \(Self.maximumDepth) levels of nesting", at: mark)
    }
    return target
  }

  private static let core = "tag:yaml.org,2002:"

  private func checkTag(_ event: YAMLEvent, allowed: String) throws(PlanError) {
    guard let tag = event.tag, tag != "!", tag != Self.core + allowed else { return }
    throw PlanError("the tag `\(tag)` is not allowed in a pipeline", at: event.mark, remedy: "remove it")
  }

  private func scalar(_ text: String, isPlain: Bool, _ event: YAMLEvent) throws(PlanError)
    -> ConfigValue.Content
  {
    let isNull = text.isEmpty || text == "~" || text == "null" || text == "Null" || text == "NULL"
    switch event.tag {
    case nil: return isPlain && isNull ? .null : .scalar(text, isQuoted: !isPlain)
    case "!", Self.core + "str": return .scalar(text, isQuoted: true)
    case Self.core + "int", Self.core + "float", Self.core + "bool": return .scalar(text, isQuoted: false)
    case Self.core + "null": return .null
    case let tag?:
      throw PlanError("the tag `\(tag)` is not allowed in a pipeline", at: event.mark, remedy: "remove it")
    }
  }

  /// Line and column of the first byte that is not UTF-8.
  static func firstBadUTF8(_ bytes: [UInt8]) -> Mark? {
    var (line, column, index) = (1, 1, 0)
    while index < bytes.count {
      let byte = bytes[index]
      let length: Int
      switch byte {
      case 0..<0x80: length = 1
      case 0xC2..<0xE0: length = 2
      case 0xE0..<0xF0: length = 3
      case 0xF0..<0xF5: length = 4
      default: return Mark(line: line, column: column)
      }
      guard index + length <= bytes.count else { return Mark(line: line, column: column) }
      for offset in stride(from: 1, to: length, by: 1) where bytes[index + offset] & 0xC0 != 0x80 {
        return Mark(line: line, column: column)
      }
      if length > 2 {
        let second = bytes[index + 1]
        let isOverlong = (byte == 0xE0 && second < 0xA0) || (byte == 0xF0 && second < 0x90)
        let isSurrogate = byte == 0xED && second >= 0xA0
        if isOverlong || isSurrogate || (byte == 0xF4 && second >= 0x90) {
          return Mark(line: line, column: column)
        }
      }
      if byte == 0x0A { (line, column) = (line + 1, 1) } else { column += 1 }
      index += length
    }
    return nil
  }
}

/// One event of the parser.
private struct YAMLEvent {
  enum Kind {
    case streamStart, streamEnd, documentStart, documentEnd
    case alias(String)
    case scalar(String, isPlain: Bool)
    case sequenceStart, sequenceEnd, mappingStart, mappingEnd
    case nothing
  }
  let kind: Kind
  let anchor: String?
  let tag: String?
  let mark: Mark
}

/// The events of a text that stays where it is.
@safe private final class EventSource {
  private let parser = UnsafeMutablePointer<yaml_parser_t>.allocate(capacity: 1)

  init(_ text: UnsafeBufferPointer<UInt8>) {
    unsafe parser.initialize(to: yaml_parser_t())
    unsafe yaml_parser_initialize(parser)
    unsafe yaml_parser_set_encoding(parser, YAML_UTF8_ENCODING)
    unsafe yaml_parser_set_input_string(parser, text.baseAddress, text.count)
  }

  deinit {
    unsafe yaml_parser_delete(parser)
    unsafe parser.deallocate()
  }

  func next() throws(PlanError) -> YAMLEvent {
    var event = unsafe yaml_event_t()
    guard unsafe yaml_parser_parse(parser, &event) == 1 else { throw failure() }
    defer { unsafe yaml_event_delete(&event) }
    let mark = unsafe place(event.start_mark)
    func make(_ kind: YAMLEvent.Kind, _ anchor: String? = nil, _ tag: String? = nil) -> YAMLEvent {
      YAMLEvent(kind: kind, anchor: anchor, tag: tag, mark: mark)
    }
    switch unsafe event.type {
    case YAML_STREAM_START_EVENT: return make(.streamStart)
    case YAML_STREAM_END_EVENT: return make(.streamEnd)
    case YAML_DOCUMENT_START_EVENT: return make(.documentStart)
    case YAML_DOCUMENT_END_EVENT: return make(.documentEnd)
    case YAML_ALIAS_EVENT: return make(.alias(unsafe text(event.data.alias.anchor) ?? ""))
    case YAML_SCALAR_EVENT:
      let scalar = unsafe event.data.scalar
      let bytes = unsafe UnsafeBufferPointer(start: scalar.value, count: scalar.length)
      let isPlain = unsafe scalar.style == YAML_PLAIN_SCALAR_STYLE
      return make(
        .scalar(unsafe String(decoding: bytes, as: UTF8.self), isPlain: isPlain),
        unsafe text(scalar.anchor), unsafe text(scalar.tag))
    case YAML_SEQUENCE_START_EVENT:
      return make(
        .sequenceStart, unsafe text(event.data.sequence_start.anchor),
        unsafe text(event.data.sequence_start.tag))
    case YAML_SEQUENCE_END_EVENT: return make(.sequenceEnd)
    case YAML_MAPPING_START_EVENT:
      return make(
        .mappingStart, unsafe text(event.data.mapping_start.anchor),
        unsafe text(event.data.mapping_start.tag))
    case YAML_MAPPING_END_EVENT: return make(.mappingEnd)
    default: return make(.nothing)
    }
  }

  private func text(_ pointer: UnsafeMutablePointer<yaml_char_t>?) -> String? {
    guard let pointer = unsafe pointer else { return nil }
    return unsafe String(cString: pointer)
  }

  private func place(_ mark: yaml_mark_t) -> Mark {
    Mark(line: Int(clamping: mark.line) &+ 1, column: Int(clamping: mark.column) &+ 1)
  }

  private func failure() -> PlanError {
    let problem = unsafe parser.pointee.problem
    var cause = unsafe problem.map { unsafe String(cString: $0) } ?? "it cannot be parsed"
    if let context = unsafe parser.pointee.context {
      cause += " " + (unsafe String(cString: context))
    }
    let mark =
      unsafe parser.pointee.error == YAML_READER_ERROR
      ? place(parser.pointee.mark) : place(parser.pointee.problem_mark)
    return PlanError("this is no YAML: \(cause)", at: mark)
  }
}
