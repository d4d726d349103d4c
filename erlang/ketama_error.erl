%% @private Sentences: each error that a function returns, in words, with what to do.
%%
%% The faults of a line are Rust's `Fault', under the same names.
-module(ketama_error).

-export([format/1, path/1, printable/1]).

-export_type([fault/0]).

-type fault() ::
    blank_line
    | byte_order_mark
    | empty_name
    | long_line
    | long_name
    | missing_weight
    | negative_weight
    | no_digits
    | nul_byte
    | space_in_name
    | total_out_of_range
    | weight_out_of_range
    | zero_weight.

%% @doc Puts an error into words, one that a function returns or a name without a continuum. Raises `badarg' for any
%% other term.
-spec format(ketama:reason() | {not_started, ketama:name()}) -> string().
format(Reason) ->
    try
        lists:flatten(sentence(Reason))
    catch
        error:_ -> error(badarg, [Reason])
    end.

sentence({servers_file, Path, {line, LineNo, Fault}}) when is_integer(LineNo) ->
    io_lib:format("~ts, line ~b: ~ts.", [path(Path), LineNo, fault(Fault)]);
sentence({servers_file, Path, not_regular}) ->
    io_lib:format("~ts is not a regular file. Name a file of servers.", [path(Path)]);
sentence({servers_file, Path, efbig}) ->
    io_lib:format("~ts is too large for a servers file. Name a file of servers.", [path(Path)]);
sentence({servers_file, Path, timeout}) ->
    io_lib:format("~ts: the disk does not answer. Check it; the file is read when it does.", [path(Path)]);
sentence({servers_file, Path, Posix}) when is_atom(Posix) ->
    io_lib:format("~ts: ~ts. Name a servers file that the VM can read.", [path(Path), file:format_error(Posix)]);
sentence({source, timeout}) ->
    "The source of servers took longer than its timeout. Make it faster, or give it a longer timeout.";
sentence({source, {bad_return, Result}}) ->
    io_lib:format("The source of servers returned ~tP. Return {ok, Servers} or {error, Reason}.", [Result, 20]);
sentence({source, Reason}) ->
    io_lib:format("The source of servers failed: ~tP.", [Reason, 20]);
sentence({invalid_server, Server}) ->
    #{name_bytes := NameBytes, weight := Weight, total_weight := Total} = ketama_nif:limits(),
    io_lib:format(
        "~tP is not a server here. new/2 takes {Name, Weight}, or Name alone for a weight of 1: a name of 1 to ~b "
        "bytes without white space and NUL, an integer from 1 to ~b; the sum of all weights is at most ~b. "
        "without/2 takes the name of a server that the continuum has.",
        [Server, 20, NameBytes, Weight, Total]
    );
sentence(no_servers) ->
    "There is no server with points. Give at least one, in a servers file as a line of name, tab, weight; do not "
    "leave out all.";
sentence(system_limit) ->
    "There are more points than a continuum can have, or there is not enough memory for them or for what moves between "
    "them. Give fewer servers; where weights are numbers of points, smaller weights or fewer ketama_points.";
sentence(no_watcher) ->
    "No ketama_watcher is running for this name. Put ketama_watcher:child_spec/1 into a supervisor.";
sentence({already_started, Watcher}) when is_pid(Watcher) ->
    io_lib:format("A ketama_watcher of this name is running already: ~p.", [Watcher]);
sentence({not_started, Name}) when is_atom(Name) ->
    io_lib:format("No continuum has the name ~tp. Give it to one by ketama:start_link/2 or a ketama_watcher.", [Name]);
sentence({nif_not_loaded, Why}) ->
    io_lib:format("ketama's shared library is not loaded. ~ts.", [Why]).

fault(blank_line) ->
    "the line has nothing but white space, which libketama refuses. Empty it";
fault(byte_order_mark) ->
    "the file starts with a byte order mark, which libketama would take for a part of the first name. Save it as "
    "UTF-8 without one";
fault(long_line) ->
    ["the line is longer than ", limit(line_bytes), " bytes. Write name, tab, weight"];
fault(nul_byte) ->
    "the line has a NUL byte. Write name, tab, weight";
fault(empty_name) ->
    "the name is empty. Write name, tab, weight";
fault(long_name) ->
    ["the name is longer than ", limit(name_bytes), " bytes. Shorten it"];
fault(space_in_name) ->
    "the name has a control character in it. Remove it";
fault(missing_weight) ->
    "the weight is missing. Write name, tab, weight";
fault(no_digits) ->
    "the weight is no number, or one digit without a newline right after it, which libketama cuts off. Write an "
    "integer from 1 and a newline right after it";
fault(zero_weight) ->
    "the weight is zero. Write an integer from 1, or put # before the line";
fault(negative_weight) ->
    "the weight is negative. Write an integer from 1";
fault(weight_out_of_range) ->
    ["the weight is above ", limit(weight), ". Write a smaller one"];
fault(total_out_of_range) ->
    ["the weights up to this line add up to more than ", limit(total_weight), ". Write smaller ones"].

limit(Limit) ->
    integer_to_list(maps:get(Limit, ketama_nif:limits())).

%% @doc Formats a path to be printed.
-spec path(file:filename_all()) -> io_lib:chars().
path(Path) ->
    try
        printable(Path)
    catch
        error:_ -> io_lib:format("~tp", [Path])
    end.

%% @doc Makes bytes or characters printable. Bytes are read as UTF-8, or as Latin-1 if they are not UTF-8; control
%% characters are escaped.
-spec printable(binary() | string()) -> io_lib:chars().
printable(Bytes) when is_binary(Bytes) ->
    case unicode:characters_to_list(Bytes) of
        Characters when is_list(Characters) -> printable(Characters);
        _ -> printable(binary_to_list(Bytes))
    end;
printable(Characters) ->
    lists:flatmap(fun escape/1, Characters).

escape(Control) when Control < 32; Control >= 127, Control < 160 ->
    io_lib:format("\\x{~.16B}", [Control]);
escape(Character) ->
    [Character].
