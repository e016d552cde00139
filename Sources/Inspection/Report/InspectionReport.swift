import Basics
import GridFiles
import Grids

/// What is in a file, and what is wrong with it.
public struct InspectionReport: Sendable {
  public let header: FileHeader
  /// The CF view; nil when no sense can be made of the file.
  public let dataset: Dataset?
  /// Why there is no CF view.
  public let datasetError: String?
  /// The errors that `validate` finds.
  public let errors: [Finding]
  /// By path of the variable; empty when they were not asked for.
  public let statistics: [String: Statistics]
  /// The variables to be shown, nil for all.
  let selection: Set<String>?

  /// The numbers of one field, packing undone, missing ones left out.
  public struct Statistics: Sendable, Hashable {
    public var count = 0
    public var missing = 0
    public var minimum = Float.infinity
    public var maximum = -Float.infinity
    /// The mean of the values, cells not weighted by their area.
    public var mean: Double? { count > missing ? sum / Double(count - missing) : nil }
    /// Cells that are valid but not finite (infinities).
    public var infinite = 0
    var sum = 0.0
  }

  func isShown(_ variable: Variable) -> Bool { selection?.contains(variable.path) ?? true }
}

public enum Inspector {
  /// - Parameters:
  ///   - name: only this variable (name, path or standard name) is shown.
  ///   - readsData: reads all data of the fields that are shown, part by part, for `statistics`.
  /// - Throws: `FileError` when the file cannot be read, `GridError` when there is no variable of that name.
  ///   That the file makes no sense as CF is no error: the report says so.
  public static func inspect(_ file: SourceFile, variable name: String? = nil, readsData: Bool = false)
    async throws -> InspectionReport
  {
    var dataset: Dataset?
    var datasetError: String?
    do {
      dataset = try await Dataset.open(file)
    } catch let error as FileError {
      throw error
    } catch {
      datasetError = "\(error)"
    }
    var selection: Set<String>?
    if let name {
      guard
        let variable = file.header.variable(name) ?? dataset?.field(name)?.variable ?? only(name, file.header)
      else {
        throw GridError(
          "there is no variable of that name", subject: name,
          remedy: "it has " + file.header.allVariables.prefix(20).map(\.path).joined(separator: ", "))
      }
      selection = [variable.path]
    }
    var statistics: [String: InspectionReport.Statistics] = [:]
    if readsData {
      for field in dataset?.fields ?? []
      where field.variable.type.isNumeric && selection?.contains(field.variable.path) ?? true {
        statistics[field.variable.path] = try await numbers(file, field.variable, field.decoding)
      }
    }
    let validation = try await Validator.validate(file)
    return InspectionReport(
      header: file.header, dataset: dataset, datasetError: datasetError, errors: validation.errors,
      statistics: statistics, selection: selection)
  }

  private static func only(_ name: String, _ header: FileHeader) -> Variable? {
    let matches = header.allVariables.filter { $0.name == name }
    return matches.count == 1 ? matches[0] : nil
  }

  static func numbers(_ file: SourceFile, _ variable: Variable, _ decoding: Decoding) async throws(FileError)
    -> InspectionReport.Statistics
  {
    var result = InspectionReport.Statistics()
    let walk = SlabWalk(variable)
    let buffer = SlabBuffer(capacity: walk.largest)
    for slab in walk {
      let part = try await buffer.read(file, variable, slab, decoding) { values, validity in
        var part = InspectionReport.Statistics()
        part.count = values.count
        for index in values.indices {
          guard unsafe validity[index] != 0 else {
            part.missing += 1
            continue
          }
          let value = unsafe values[index]
          guard value.isFinite else {
            part.infinite += 1
            continue
          }
          part.minimum = min(part.minimum, value)
          part.maximum = max(part.maximum, value)
          part.sum += Double(value)
        }
        return part
      }
      result.count += part.count
      result.missing += part.missing
      result.infinite += part.infinite
      result.minimum = min(result.minimum, part.minimum)
      result.maximum = max(result.maximum, part.maximum)
      result.sum += part.sum
    }
    return result
  }
}
