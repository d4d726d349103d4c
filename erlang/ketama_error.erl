%% @private What is wrong, in sentences: the reasons that functions return, and those that they raise.
-module(ketama_error).

-export([format/1, format_error/2, path/1, printable/1]).

%% @doc A sentence, or a few, of a reason that a function has returned.
-spec format(ketama:reason()) -> string().
format(Reason) ->
    try
        sentence(Reason)
    catch
        error:_ -> error(badarg, [Reason])
    end.

sentence({servers_file, Path, {line, LineNo, Fault}}) when is_integer(LineNo) ->
    sprintf("~ts, line ~b: ~ts.", [path(Path), LineNo, explain(Fault)]);
sentence({servers_file, Path, not_regular}) ->
    sprintf("~ts is no regular file. Name a file of servers.", [path(Path)]);
sentence({servers_file, Path, efbig}) ->
    sprintf("~ts is larger than 64 MiB. Name a file of servers.", [path(Path)]);
sentence({servers_file, Path, timeout}) ->
    sprintf("~ts: the disk does not answer. Look after it; the file is read when it does.", [path(Path)]);
sentence({servers_file, Path, Posix}) when is_atom(Posix) ->
    sprintf("~ts: ~ts. Name a servers file that the VM can read.", [
        path(Path), file:format_error(Posix)
    ]);
sentence({source, timeout}) ->
    "The source of servers has taken longer than its timeout. Let it take less, or give it a longer timeout.";
sentence({source, {bad_return, Result}}) ->
    sprintf("The source of servers returned ~tP. It returns {ok, Servers} or {error, Reason}.", [Result, 20]);
sentence({source, Reason}) ->
    sprintf("The source of servers failed: ~tP.", [Reason, 20]);
sentence({invalid_server, Server}) ->
    sprintf(
        "~tP is no server here. new/2 takes {Name, Weight}, or Name alone for a weight of 1: a name of 1 to 255 "
        "bytes without white space, and an integer from 1 to 9223372036854775807; all weights together "
        "below 2^64. without/2 takes the name of a server that the continuum has.",
        [Server, 20]
    );
sentence(no_servers) ->
    "There are no servers, or none is left. Give at least one, in a servers file as a line of name, tab, "
    "weight; leave at least one with points.";
sentence(system_limit) ->
    "There is not enough memory for a continuum, or a comparison, of so many servers, or of so high "
    "weights where these are numbers of points. Give fewer servers, or smaller weights.";
sentence(no_watcher) ->
    "No ketama_watcher is running for this name. Put ketama_watcher:child_spec/1 into a supervisor.";
sentence({not_started, Name}) when is_atom(Name) ->
    sprintf("No continuum has the name ~tp. ketama:start_link/2 or a ketama_watcher gives it to one.", [Name]);
sentence({nif_not_loaded, Why}) ->
    sprintf("ketama's shared library is not loaded. ~ts.", [Why]).

explain(blank_line) ->
    "it holds white space alone, which libketama refuses. Empty it";
explain(byte_order_mark) ->
    "the file starts with a byte order mark, which libketama takes for a part of the first name. Save it "
    "as UTF-8 without one";
explain(long_line) ->
    "it is longer than 4096 bytes. Write name, tab, weight";
explain(nul_byte) ->
    "it has a NUL byte. Write name, tab, weight";
explain(empty_name) ->
    "the name is empty. Write name, tab, weight";
explain(long_name) ->
    "the name is longer than 255 bytes. Shorten it";
explain(space_in_name) ->
    "the name has a control character in it. Remove it";
explain(missing_weight) ->
    "the weight is missing. Write name, tab, weight";
explain(no_digits) ->
    "the weight has no digits, or just one, with no newline right after it: libketama cuts off "
    "the last byte. Write an integer from 1 and a newline";
explain(zero_weight) ->
    "the weight is zero. Write an integer from 1, or put # before the line";
explain(negative_weight) ->
    "the weight is negative. Write an integer from 1";
explain(weight_out_of_range) ->
    "the weight is above 9223372036854775807. Write a smaller one";
explain(total_out_of_range) ->
    "the weights up to here add up to 2^64 or more. Write smaller ones".

%% @doc What was wrong with the arguments of a call that has raised: the shell and Elixir ask for it (EEP 54).
-spec format_error(term(), erlang:stacktrace()) -> #{pos_integer() | general | reason => unicode:chardata()}.
format_error(badarg, [{Module, Function, Arguments, _Info} | _]) when is_list(Arguments) ->
    Kinds = lists:zip3(lists:seq(1, length(Arguments)), kinds(Module, Function, length(Arguments)), Arguments),
    Wrong = [{Place, Text} || {Place, Kind, Argument} <- Kinds, Text <- [wrong(Kind, Argument)], Text =/= none],
    case maps:from_list(Wrong) of
        None when map_size(None) =:= 0, Function =:= diff ->
            #{general => "the two do not hash keys alike"};
        Map ->
            Map
    end;
format_error(no_servers, _Stacktrace) ->
    #{general => "all servers that have points are in `except'"};
format_error({not_started, _} = Reason, _Stacktrace) ->
    #{general => sentence(Reason)};
format_error(system_limit, _Stacktrace) ->
    #{general => sentence(system_limit)};
format_error(_Reason, _Stacktrace) ->
    #{}.

%% What each argument of a function is.
kinds(ketama_watcher, start_link, 1) -> [watcher];
kinds(ketama, address, 1) -> [server];
kinds(ketama, diff, 2) -> [ring, ring];
kinds(ketama, format_error, 1) -> [reason];
kinds(ketama, getserver, 3) -> [ring, key, lookup];
kinds(ketama, getservers, 2) -> [ring, keys];
kinds(ketama, getservers, 3) -> [ring, keys, lookup];
kinds(ketama, group, 2) -> [ring, keys];
kinds(ketama, group, 3) -> [ring, keys, lookup];
kinds(ketama, hash, 1) -> [key];
kinds(ketama, moved, 3) -> [former_ring, ring, keys];
kinds(ketama, new, 1) -> [source];
kinds(ketama, new, 2) -> [source, ring_options];
kinds(ketama, replicas, 3) -> [ring, key, count];
kinds(ketama, start_link, 1) -> [source];
kinds(ketama, start_link, 2) -> [source, start_link];
kinds(ketama, without, 2) -> [ring, names];
kinds(ketama, Function, 1) when Function =:= continuum; Function =:= previous; Function =:= stop; Function =:= reload ->
    [name];
kinds(ketama, Function, Arity) when Function =:= getserver; Function =:= hash ->
    lists:nthtail(2 - Arity, [ring, key]);
kinds(ketama, _Function, 1) ->
    [ring].

wrong(former_ring, undefined) -> none;
wrong(former_ring, Ring) -> wrong(ring, Ring);
wrong(ring, Ring) -> unless(is_ring(Ring), "no continuum, nor a name");
wrong(name, Name) -> unless(is_atom(Name), "no name, which is an atom");
wrong(key, Key) -> unless(ketama_source:are_iodata([Key]), "no key, which is iodata");
wrong(keys, Keys) -> unless(ketama_source:are_iodata(Keys), "no list of keys, which are iodata");
wrong(names, Names) -> unless(is_proper(Names), "no list of names");
wrong(count, Count) -> unless(is_integer(Count) andalso Count >= 0, "no number of servers");
wrong(server, _Server) -> "no name of a server, or none that has an address";
wrong(reason, _Reason) -> "no reason that a function of ketama returns";
wrong(source, Source) -> unless(is_source(Source), "no path of a servers file, nor a list of servers");
wrong(ring_options, Options) -> ketama_options:wrong(ring, Options);
wrong(Scope, Options) -> ketama_options:wrong(Scope, Options).

unless(true, _Text) -> none;
unless(false, Text) -> Text.

is_ring(Ring) ->
    try ketama_nif:getserver(Ring, <<>>) of
        _ -> true
    catch
        error:badarg -> false;
        error:{not_started, Ring} -> true
    end.

is_proper(List) ->
    try length(List) of
        _ -> true
    catch
        error:badarg -> false
    end.

is_source(Source) ->
    ketama_source:is_path(Source) orelse
        (is_proper(Source) andalso not lists:any(fun is_integer/1, Source)).

%% @doc A path as it is printed.
-spec path(file:filename_all()) -> io_lib:chars().
path(Path) ->
    try
        printable(Path)
    catch
        error:_ -> io_lib:format("~tp", [Path])
    end.

%% @doc Bytes or characters as they are printed: bytes are UTF-8, or Latin-1 where they are not; control
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

sprintf(Format, Arguments) ->
    lists:flatten(io_lib:format(Format, Arguments)).
