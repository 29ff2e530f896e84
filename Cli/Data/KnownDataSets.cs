namespace Orchestrator.Cli.Data;

/// <summary>A file of a data set as its publisher serves it.</summary>
/// <param name="Name">Its name in the set's folder.</param>
/// <param name="Source">Where it is served; null = it ships with the project.</param>
/// <param name="Sha256">Its SHA-256.</param>
internal sealed record DataFile(string Name, Uri? Source, string Sha256);

/// <summary>A data set that the product knows where to get.</summary>
internal sealed record KnownDataSet(string Name, string Origin, string Licence, IReadOnlyList<DataFile> Files);

/// <summary>The data sets of the examples.</summary>
internal static class KnownDataSets
{
    private const string Fashion = "http://fashion-mnist.s3-website.eu-central-1.amazonaws.com/";

    /// <summary>By name.</summary>
    public static IReadOnlyList<KnownDataSet> All { get; } =
    [
        new(
            "digits",
            "UCI Machine Learning Repository, doi:10.24432/C50P49 (shipped)",
            "CC BY 4.0",
            [new("digits.csv.gz", null, "46abec6b12486ad9e51943373abcf22bbea1b5a51a1619b361570d8893f1464a")]),
        new(
            "fashion-mnist",
            "Zalando Research, github.com/zalandoresearch/fashion-mnist",
            "MIT",
            [
                Idx("train-images-idx3-ubyte.gz", "a26751d72d89606ffbfdd4dd5d16911f01e93a7ff4783c95da7307a073d79fa7"),
                Idx("train-labels-idx1-ubyte.gz", "a04f17134ac03560a47e3764e11b92fc97de4d1bfaf8ba1a3aa29af54cc90845"),
                Idx("t10k-images-idx3-ubyte.gz", "78cb45a589ec14266eab4ac0cb2e9e10a4c076ae2d337fe86383d761bff83f32"),
                Idx("t10k-labels-idx1-ubyte.gz", "67da17c76eaffca5446c3361aaab5c3cd6d1c2608764d35dfb1850b086bf8dd5"),
            ]),
        new(
            "tinyshakespeare",
            "A. Karpathy, github.com/karpathy/char-rnn, from the works of William Shakespeare",
            "public domain",
            [
                new(
                    "input.txt",
                    new Uri("https://raw.githubusercontent.com/karpathy/char-rnn/master/data/tinyshakespeare/input.txt"),
                    "86c4e6aa9db7c042ec79f339dcb96d42b0075e16b8fc2e86bf0ca57e2dc565ed"),
            ]),
    ];

    private static DataFile Idx(string name, string sha256) => new(name, new Uri(Fashion + name), sha256);
}
