import Basics

@testable import Networks

/// Keys as a peer script writes them.
indirect enum JSONSetting: Decodable, Sendable {
  case boolean(Bool), number(Double), text(String), list([JSONSetting]), object([(String, JSONSetting)])

  private struct Name: CodingKey {
    let stringValue: String
    var intValue: Int? { nil }
    init?(stringValue: String) { self.stringValue = stringValue }
    init?(intValue: Int) { nil }
  }

  init(from decoder: any Decoder) throws {
    if let container = try? decoder.container(keyedBy: Name.self) {
      self = .object(
        try container.allKeys.sorted { $0.stringValue < $1.stringValue }.map {
          ($0.stringValue, try container.decode(JSONSetting.self, forKey: $0))
        })
      return
    }
    let container = try decoder.singleValueContainer()
    if let flag = try? container.decode(Bool.self) {
      self = .boolean(flag)
    } else if let number = try? container.decode(Double.self) {
      self = .number(number)
    } else if let text = try? container.decode(String.self) {
      self = .text(text)
    } else {
      self = .list(try container.decode([JSONSetting].self))
    }
  }

  var configuration: ConfigValue {
    switch self {
    case .boolean(let flag): .boolean(flag)
    case .number(let number): .number(number)
    case .text(let text): .text(text)
    case .list(let elements): .list(elements.map(\.configuration))
    case .object(let entries): .mapping(entries.map { ($0.0, $0.1.configuration) })
    }
  }
}
