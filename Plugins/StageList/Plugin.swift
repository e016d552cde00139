import PackagePlugin

/// Writes the list of stages from the names of the files directly under `Sources/Stages`:
/// `Regrid.swift` declares `struct Regrid: Stage`.
@main struct StageList: BuildToolPlugin {
  func createBuildCommands(context: PluginContext, target: Target) throws -> [Command] {
    guard let module = target as? SourceModuleTarget else { return [] }
    let folder = module.directoryURL.standardizedFileURL.path
    let stages = module.sourceFiles(withSuffix: "swift").map(\.url)
      .filter { $0.deletingLastPathComponent().standardizedFileURL.path == folder }
      .sorted { $0.lastPathComponent < $1.lastPathComponent }
    let output = context.pluginWorkDirectoryURL.appending(path: "AllStages.swift")
    return [
      .buildCommand(
        displayName: "Listing the stages",
        executable: try context.tool(named: "StageLister").url,
        arguments: [output.path] + stages.map { $0.deletingPathExtension().lastPathComponent },
        inputFiles: stages,
        outputFiles: [output])
    ]
  }
}
