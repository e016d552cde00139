import GridFiles
import Stages
import Synchronization

/// What the computations of an item find out beside the values of their results.
final class Notebook: Sendable {
  private struct Pages {
    var attributes: [String: Attribute.Value] = [:]
    var scores: [Score] = []
  }
  private let pages = Mutex(Pages())

  func add(_ finding: Finding) {
    pages.withLock { pages in
      switch finding {
      case .line: break
      case .score(let score): pages.scores.append(score)
      case .attribute(let key, let value): pages.attributes[key] = value
      }
    }
  }

  var attributes: [String: Attribute.Value] { pages.withLock { $0.attributes } }
  /// In the order of their stages, whatever order they came in.
  var scores: [Score] {
    pages.withLock { pages in
      pages.scores.enumerated().sorted { ($0.element.order, $0.offset) < ($1.element.order, $1.offset) }
        .map(\.element)
    }
  }
}

extension FileDefinition {
  /// The definition with late attributes put in, those not known left out; nil when it has none.
  func resolved(_ values: [String: Attribute.Value]) -> FileDefinition? {
    guard (attributes + variables.flatMap(\.attributes)).contains(where: LateAttribute.isLate) else {
      return nil
    }
    var result = self
    result.attributes = attributes.compactMap { LateAttribute.resolved($0, values) }
    for index in variables.indices {
      result.variables[index].attributes = variables[index].attributes.compactMap {
        LateAttribute.resolved($0, values)
      }
    }
    return result
  }
}
