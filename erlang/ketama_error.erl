%% @private The reasons of errors in sentences.
-module(ketama_error).

-export([format/1, path/1]).

-spec format(ketama:reason()) -> string().
format(Reason) ->
    try
        sentence(Reason)
    catch
        error:_ -> error(badarg, [Reason])
    end.

sentence({servers_file, Path, Posix}) ->
    sprintf("~ts: ~ts. Name a servers file that the VM can read.", [
        path(Path), file:format_error(Posix)
    ]);
sentence({invalid_line, LineNo, {Fault, Path}}) ->
    sprintf("~ts, line ~b: ~ts.", [path(Path), LineNo, explain(Fault)]);
sentence({invalid_server, Server}) when is_tuple(Server) ->
    sprintf(
        "~tP is no server. Give {Name, Weight}: a name of 1 to 255 bytes without white space, "
        "and an integer from 1 to 9223372036854775807; all weights together below 2^64.",
        [Server, 20]
    );
sentence({invalid_server, Name}) ->
    sprintf(
        "~tP is no server here. new/2 takes {Name, Weight}, without/2 the name of a server that the "
        "continuum has.",
        [Name, 20]
    );
sentence(no_servers) ->
    "There are no servers, or none is left. Give at least one, in a servers file as a line of name, tab, "
    "weight; leave at least one with points.";
sentence(system_limit) ->
    "There is not enough memory for a continuum, or a comparison, of so many servers, or of so high "
    "weights where these are numbers of points. Give fewer servers, or smaller weights.";
sentence(no_watcher) ->
    "No ketama_watcher is running. Put ketama_watcher:child_spec/1 into a supervisor.";
sentence({nif_not_loaded, Remedy}) ->
    sprintf("ketama's shared library is missing or is not for this VM: ~ts. The log says more.", [
        Remedy
    ]).

explain(blank_line) ->
    "it holds white space alone, which libketama refuses. Empty it";
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

%% A path as it is printed.
-spec path(file:filename_all()) -> io_lib:chars().
path(Path) ->
    try unicode:characters_to_list(filename:flatten(Path)) of
        Name when is_list(Name) -> Name;
        _ -> io_lib:format("~p", [Path])
    catch
        error:_ -> io_lib:format("~p", [Path])
    end.

sprintf(Format, Arguments) ->
    lists:flatten(io_lib:format(Format, Arguments)).
