%% Reads and writes the results, one file for each machine, such as results-intel-xeon.csv.
-module(results).

-export([number/1, read/1, write/3]).

-include("row.hrl").

%% Writes the rows of a machine into a folder. Its first row names the machine.
write(Folder, Machine, Rows) ->
    [Processor | _] = string:split(Machine, ","),
    Words = lists:sublist(string:lexemes(string:lowercase(Processor), " "), 2),
    File = filename:join(Folder, "results-" ++ lists:append(lists:join("-", Words)) ++ ".csv"),
    file:write_file(File, [
        "table,name,unit,minimum,median,ratio\n",
        ["machine,\"", Machine, "\",,,,\n"]
        | [
            lists:join($,, [
                atom_to_list(Row#row.table),
                [$", Row#row.name, $"],
                Row#row.unit,
                number(Row#row.minimum),
                [number(Row#row.median) || Row#row.median =/= undefined],
                [io_lib:format("~.4f", [float(Row#row.ratio)]) || Row#row.ratio =/= undefined]
            ]) ++ "\n"
         || Row <- Rows
        ]
    ]).

%% Reads the machines in a folder, each with its tables' names and ratios.
-spec read(file:filename()) -> [{Machine :: string(), [{Table :: string(), Name :: string(), Ratio :: float()}]}].
read(Folder) ->
    Files = filelib:wildcard(filename:join(Folder, "results-*.csv")),
    [machine(File) || File <- Files].

machine(File) ->
    {ok, Csv} = file:read_file(File),
    [_Header, First | Lines] = string:lexemes(unicode:characters_to_list(Csv), "\n"),
    ["machine,", Machine, _] = string:split(First, "\"", all),
    {Machine, [
        {Table, Name, list_to_float(Ratio)}
     || Line <- Lines,
        [Table, Name, Rest] <- [[string:trim(Part, both, ",") || Part <- string:split(Line, "\"", all)]],
        [_Unit, _Minimum, _Median, Ratio] <- [string:split(Rest, ",", all)]
    ]}.

number(Number) when Number < 10000 -> io_lib:format("~.1f", [float(Number)]);
number(Number) -> integer_to_list(round(Number)).
